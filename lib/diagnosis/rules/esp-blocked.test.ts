import { describePatterns } from './patterns.fake.ts'

describePatterns('ESP blocked', {
  title: /drops ESP/,
  fires: [
    {
      rows: [
        ['CTL-07', 'fail', 'manager to worker1: 4 ESP packets left eth1, none arrived.'],
        ['ENC-04', 'fail', 'No ESP seen.'],
      ],
      explains: ['CTL-07', 'ENC-04'],
      hosts: ['manager → worker1'],
    },
  ],
  silent: [
    [
      ['CTL-07', 'fail', 'manager → worker1: none arrived.'],
      ['CTL-04', 'fail', 'manager → worker1: none arrived.'],
    ],
    [
      ['CTL-07', 'fail', 'No ESP left manager.'],
      ['ENC-03', 'fail', 'No states.', { manager: { esp4: false } }],
    ],
  ],
})
