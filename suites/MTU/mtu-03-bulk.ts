import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { otherSpis } from '../known-issues.ts'
import { transferProblems } from '../scene/recordings/downloads.ts'
import { omissionNote } from '../scene/recordings/supported-traffic.ts'
import { sizes } from '../scene/recordings/sizes.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { moby } from '../source.ts'

export const bulk = requirement({
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
  codes: ['transfer-unanswered', 'transfer-refused', 'transfer-not-whole'],
  changes: [],
  quiet: ['changes'],
  reads: [sizes],
  observe: async (lab) => ({ sizes: await lab.scene(sizes) }),
  judge({ sizes: { downloads, roles, leftOut } }, facts) {
    const { bulkBytes } = facts
    const transfers = (by: string): number =>
      downloads
        .filter((download) => download.by === by)
        .reduce((sum, { probe }) => sum + probe.replyBytes.length, 0)
    const slowestMs = Math.max(
      0,
      ...downloads.map(({ probe }) => probe.elapsedMs / Math.max(1, probe.replyBytes.length)),
    )
    return judgement({
      problems: downloads.flatMap((download) => transferProblems(download, bulkBytes)),
      measures: [{ name: 'slowest transfer', value: Math.round(slowestMs), unit: 'ms', bound: 20_000 }],
      unseen: roles.flatMap((role) => unseenFrom(facts, role)),
      tables: {
        downloads: downloads.map(({ by, to, network, probe }) => ({
          ...{ by, from: probe.from, to, address: probe.to, port: probe.port, network },
          ...{ repeats: probe.replyBytes.length, outcome: probe.outcome },
          elapsedMs: Math.round(probe.elapsedMs),
        })),
      },
      conclusion:
        downloads.length === 0
          ? ''
          : `${transfers('task')} transfers of ${bulkBytes} bytes between tasks, ${transfers('vip')} by VIP and ${transfers('ingress')} through ingress arrived whole${omissionNote(leftOut)}`,
    })
  },
})
