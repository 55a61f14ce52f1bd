import { describePatterns } from './patterns.fake.ts'

describePatterns('kernel without esp4', {
  title: /no `esp4`/,
  fires: [
    {
      rows: [
        [
          'ENC-03',
          'fail',
          'worker2 holds 0 of 8 states.',
          [{ host: 'worker2', kernelModules: { esp4: false } }],
        ],
        ['CTL-07', 'fail', 'No ESP left manager.'],
      ],
      explains: ['CTL-07', 'ENC-03'],
      hosts: ['worker2'],
    },
    { rows: [['ENC-01', 'inconclusive', 'esp4 is missing.']], explains: ['ENC-01'] },
    {
      rows: [['ENC-03', 'skip', 'needs esp: the kernel of manager, worker1 has no module esp4']],
      explains: ['ENC-03'],
      hosts: ['manager', 'worker1'],
    },
  ],
  silent: [
    [['ENC-03', 'fail', 'worker2 holds 6 of 8 states.', { worker2: { esp4: true } }]],
    [['CTL-07', 'fail', 'manager → worker1: ESP left, none arrived.']],
  ],
})
