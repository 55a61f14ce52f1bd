import { describePatterns } from './patterns.fake.ts'

const noEngine = (host: string): string =>
  `docker refused: docker network inspect (on ${host})\n  expected: exit 0\n  observed: exit 1: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?`

describePatterns('engine does not answer', {
  title: /^The engine of worker1 does not answer$/,
  fires: [
    {
      rows: [
        ['CTL-10', 'inconclusive', noEngine('worker1')],
        ['CTL-02', 'fail', '- manager → worker1 (192.0.2.12:7946): refused (ECONNREFUSED)'],
        ['MTU-02', 'fail', 'manager → worker2: 1450 bytes lost'],
      ],
      explains: ['CTL-02', 'CTL-10'],
      hosts: ['worker1'],
    },
  ],
  silent: [
    [['CTL-02', 'fail', '- manager → worker1 (192.0.2.12:7946): refused (ECONNREFUSED)']],
    [['CTL-10', 'pass', noEngine('worker1')]],
    [['CTL-10', 'inconclusive', noEngine('somewhere')]],
  ],
})
