import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { requireIngress } from '../../lib/swarm/no-ingress.ts'
import { downloadProblems } from '../scene/downloads.ts'
import { sizes } from '../scene/sizes-before.ts'
import { moby } from '../source.ts'

export const largeAnswers = conformanceTest({
  id: 'ING-12',
  requirement: 'A response larger than the MTU arrives whole through every node.',
  source: [moby('issue 24906')],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'Through the published port of every node another node fetches a file of many full-sized segments, once for each task behind the port. Every byte must arrive.',
  usualCauses: [
    'the ingress network’s MTU is larger than the underlay carries, and "fragmentation needed" is filtered',
    'docker_gwbridge has a larger MTU than ingress and MSS is not adapted on the way',
  ],
  remedy: [
    'recreate ingress with --opt com.docker.network.driver.mtu=UNDERLAY-MTU',
    'let ICMP type 3 code 4 pass between clients and nodes',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    requireIngress(stack)
    const downloads = (await sizes(context)).downloads.filter(({ by }) => by === 'ingress')
    const rows = downloads.map(({ label, through, observation }) => ({
      label,
      through: through?.host.name ?? '',
      bytes: observation.replyBytes,
      problems: [...new Set(downloadProblems(observation, stack.bulkBytes))],
    }))
    evidence.observe('answers through ingress', rows)
    requireNone(
      `an answer of ${stack.bulkBytes} bytes arrives whole through every node`,
      rows.flatMap(({ through, label, problems }) =>
        problems.map((problem) => `through ${through} (${label}): ${problem}`),
      ),
    )
    if (rows.length < cluster.nodes.length) throw new Error('not every node was asked')
    evidence.conclude(
      `${rows.reduce((sum, { bytes }) => sum + bytes.length, 0)} answers of ${stack.bulkBytes} bytes arrived whole through ${rows.length} nodes`,
    )
  },
})
