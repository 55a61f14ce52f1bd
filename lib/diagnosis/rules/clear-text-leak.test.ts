import { describePatterns } from './patterns.fake.ts'

describePatterns('clear text leak', {
  title: /leaves in clear text/,
  fires: [
    {
      rows: [
        ['ENC-01', 'fail', 'manager → worker1: 6 frames with VXLAN of VNI 4098 in clear, no ESP.'],
        ['ENC-07', 'fail', 'No mark rule on manager.'],
      ],
      explains: ['ENC-01', 'ENC-07'],
      hosts: ['manager → worker1'],
    },
    {
      rows: [
        [
          'ENC-01',
          'fail',
          'only ESP leaves the nodes for the encrypted network, but:\n- VXLAN with VNI 4098 left worker1 for 192.0.2.13 in clear\n- known payload was readable on the wire of worker1\n- no ESP left worker1 for worker2',
        ],
      ],
      explains: ['ENC-01'],
      hosts: ['worker1'],
    },
    {
      rows: [['ENC-01', 'fail', 'The nonce is readable in 2 packets that left worker2; none may be.']],
      explains: ['ENC-01'],
      hosts: ['worker2'],
    },
  ],
  silent: [
    [['ENC-01', 'fail', 'No ESP between manager and worker1 within 5 s.']],
    [['ENC-01', 'fail', 'only ESP leaves the nodes, but:\n- no ESP left manager for worker1']],
    [['ENC-01', 'inconclusive', 'The capture saw clear packets of the twin only; it was blind.']],
  ],
})
