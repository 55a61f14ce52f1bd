import { describePatterns } from './patterns.fake.ts'

describePatterns('kernel without ip_vs', {
  title: /no `ip_vs`/,
  fires: [
    {
      rows: [
        ['LB-02', 'fail', 'worker1: no IPVS service in lb_ab12cd34e; the kernel lacks ip_vs.'],
        ['ING-01', 'fail', 'Port 8080 did not answer on any node.'],
      ],
      explains: ['LB-02', 'ING-01'],
      hosts: ['worker1'],
    },
    {
      rows: [
        [
          'ING-05',
          'fail',
          'There is no IPVS service on any node.',
          {
            manager: { kernelModules: { ip_vs: false, esp4: true } },
            worker2: { kernelModules: { ip_vs: false } },
          },
        ],
      ],
      explains: ['ING-05'],
      hosts: ['manager', 'worker2'],
    },
    {
      rows: [['DSC-04', 'inconclusive', 'ip_vs is not loaded.', [{ host: 'worker2', ip_vs: false }]]],
      explains: ['DSC-04'],
      hosts: ['worker2'],
    },
  ],
  silent: [
    [['LB-02', 'fail', 'worker1: destinations 10.40.0.5 missing, ip_vs is loaded']],
    [['LB-02', 'pass', 'As required.', { kernelModules: { ip_vs: false } }]],
    [['ENC-03', 'fail', 'x', { worker1: { ip_vs: false } }]],
    [['ING-05', 'fail', 'No chain.', { worker1: { kernelModules: { ip_vs: true } } }]],
  ],
})
