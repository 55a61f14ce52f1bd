import { describePatterns } from './patterns.fake.ts'

describePatterns('underlay MTU too small', {
  title: /underlay carries less/,
  fires: [
    {
      rows: [
        ['MTU-02', 'fail', 'worker1 → manager: 1450 bytes were lost silently.'],
        ['MTU-03', 'fail', 'worker1 → manager: the transfer stopped, 0 of 1048576 bytes.'],
      ],
      explains: ['MTU-02', 'MTU-03'],
      hosts: ['worker1 → manager'],
    },
    {
      rows: [['MTU-01', 'fail', 'clear on worker1 is 1450, the underlay carries 1400.']],
      explains: ['MTU-01'],
    },
  ],
  silent: [
    [['MTU-01', 'fail', 'secret is 1450, expected 1424.']],
    [
      ['MTU-02', 'fail', 'worker1 → manager: lost.'],
      ['OVL-03', 'fail', 'worker1 → manager: no answer to small packets either.'],
    ],
  ],
})
