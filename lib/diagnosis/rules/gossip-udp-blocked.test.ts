import { describePatterns } from './patterns.fake.ts'

describePatterns('gossip UDP blocked', {
  title: /7946\/udp/,
  fires: [
    {
      rows: [['CTL-03', 'fail', 'worker2 -> manager: 5 datagrams left, none arrived.']],
      explains: ['CTL-03'],
      hosts: ['worker2 → manager'],
    },
  ],
  silent: [
    [
      ['CTL-03', 'fail', 'worker2 -> manager: none arrived.'],
      ['CTL-02', 'fail', 'worker2 -> manager: refused.'],
    ],
  ],
})
