import { describePatterns } from './patterns.fake.ts'

describePatterns('data-path port blocked', {
  title: /UDP 4789 \(VXLAN\) is blocked/,
  fires: [
    {
      rows: [
        [
          'CTL-04',
          'fail',
          'worker1 → worker2: 3 frames left, none arrived within 2 s; manager → worker1 carried all frames.',
        ],
        ['OVL-03', 'fail', 'worker1 → worker2: no answer.'],
        ['VXL-02', 'inconclusive', 'The capture was blind.'],
      ],
      explains: ['CTL-04', 'OVL-03'],
      hosts: ['worker1 → worker2'],
    },
    {
      rows: [['CTL-04', 'fail', 'No frame arrived between manager and worker2.']],
      explains: ['CTL-04'],
      hosts: ['manager → worker2', 'worker2 → manager'],
    },
    { rows: [['CTL-04', 'fail', 'No frame arrived anywhere.']], explains: ['CTL-04'] },
    {
      rows: [
        [
          'CTL-04',
          'fail',
          'the data-path port carries VXLAN, but:\n- manager → worker1: 3 frames left manager, none arrived at worker1\n- worker1 → manager: no frame ever left worker1',
        ],
      ],
      explains: ['CTL-04'],
      hosts: ['manager → worker1'],
    },
  ],
  silent: [
    [
      ['CTL-04', 'fail', 'worker1 → worker2: none arrived.'],
      ['CTL-03', 'fail', 'worker1 → worker2: no gossip either.'],
    ],
    [
      ['CTL-04', 'fail', 'worker1 → worker2: none arrived.'],
      ['CTL-03', 'inconclusive', 'blind'],
    ],
    [['CTL-04', 'inconclusive', 'The capture was blind.']],
    [['CTL-04', 'fail', 'VXLAN arrives, but:\n- worker1 → worker2: no frame ever left worker1']],
  ],
})
