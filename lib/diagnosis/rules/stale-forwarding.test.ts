import { describePatterns } from './patterns.fake.ts'

describePatterns('stale forwarding', {
  title: /stale or missing/,
  fires: [
    {
      rows: [['VXL-06', 'fail', 'worker1: 02:42:0a:28:00:07 is missing; expected VTEP 192.0.2.13.']],
      explains: ['VXL-06'],
      hosts: ['worker1'],
    },
    {
      rows: [
        [
          'VXL-06',
          'fail',
          'every node knows the way, but:\n- example-clear on worker2: no forwarding entry for web.1@worker1 (02:42:0a:28:00:05)\n- example-clear on worker2: forwarding entry of rr.1@manager (02:42:0a:28:00:06) leads to 192.0.2.99, expected 192.0.2.11',
        ],
      ],
      explains: ['VXL-06'],
      hosts: ['worker2'],
    },
  ],
  silent: [
    [['VXL-06', 'fail', 'There is no namespace on worker1.']],
    [['VXL-06', 'inconclusive', 'worker1: state is missing, the read failed.']],
    [['VXL-01', 'fail', 'stale']],
  ],
})
