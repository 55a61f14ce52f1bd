import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { downloadProblems } from '../scene/downloads.ts'
import { exceptFor } from '../scene/left-out.ts'
import { sizes } from '../scene/sizes.ts'
import { otherSpis } from '../known-issues.ts'
import { moby } from '../source.ts'

export const bulk = conformanceTest({
  id: 'MTU-03',
  requirement:
    'A bulk TCP transfer completes between every pair, by VIP and through ingress (no black hole).',
  source: [moby('issues 36689, 24906, 41775')],
  safety: 'production',
  needs: ['two-nodes'],
  knownIssues: [otherSpis],
  method:
    'A file of many full-sized segments is fetched over HTTP between the tasks of every ordered pair of nodes on the clear and on the encrypted network, by the VIP from every node, and through the published port of every node from another node; by VIP and ingress once for each task behind them. Every byte must arrive within 20 s.',
  usualCauses: [
    'the path MTU is smaller than the overlay’s and "fragmentation needed" is filtered: small requests pass, full segments do not',
    'transmit checksum offload of the network card corrupts VXLAN (vmxnet3, some clouds): ping passes, TCP does not',
    'ingress was made with another MTU than the underlay carries',
  ],
  remedy: [
    'ethtool -K INTERFACE tx-checksum-ip-generic off on the data-path interface, then try again',
    'recreate network or ingress with --opt com.docker.network.driver.mtu=UNDERLAY-MTU',
    'tcpdump -ni INTERFACE "icmp[0]=3 and icmp[1]=4 or udp port 4789 and greater 1400" on both nodes: who loses the large ones?',
  ],
  async run(context) {
    const { stack, evidence } = context
    const { downloads, leftOut } = await sizes(context)
    evidence.observe(
      'downloads',
      downloads.map(({ by, label, observation }) => ({
        by,
        label,
        repeats: observation.replyBytes.length,
        outcome: observation.outcome,
        elapsedMs: Math.round(observation.elapsedMs),
      })),
    )
    const slowest = Math.max(
      0,
      ...downloads.map(
        ({ observation }) => observation.elapsedMs / Math.max(1, observation.replyBytes.length),
      ),
    )
    evidence.measure('slowest transfer', Math.round(slowest), 'ms', 20_000)
    requireNone(
      `every transfer of ${stack.bulkBytes} bytes completes`,
      downloads.flatMap(({ label, observation }) =>
        [...new Set(downloadProblems(observation, stack.bulkBytes))].map((problem) => `${label}: ${problem}`),
      ),
    )
    if (downloads.length === 0) throw new Error('there was nothing to transfer')
    const count = (by: string): number =>
      downloads
        .filter((download) => download.by === by)
        .reduce((sum, { observation }) => sum + observation.replyBytes.length, 0)
    evidence.conclude(
      `${count('task')} transfers of ${stack.bulkBytes} bytes between tasks, ${count('vip')} by VIP and ${count('ingress')} through ingress arrived whole${exceptFor(leftOut)}`,
    )
  },
})
