import { describePatterns } from './patterns.fake.ts'

describePatterns('IPVS differs by node', {
  title: /IPVS on worker2 does not list/,
  fires: [
    {
      rows: [
        ['LB-02', 'fail', 'worker2: destination 10.40.0.9 is of no running task, 10.40.0.7 is missing.'],
        ['LB-01', 'fail', 'From worker2 a third of the connections timed out.'],
      ],
      explains: ['LB-01', 'LB-02'],
      hosts: ['worker2'],
    },
  ],
  silent: [
    [['LB-02', 'fail', 'No IPVS destinations on manager, worker1 and worker2.']],
    [['ING-05', 'fail', 'worker2: no rule in DOCKER-INGRESS.']],
    [['LB-02', 'fail', 'worker2: no IPVS destination, the kernel lacks ip_vs']],
  ],
})
