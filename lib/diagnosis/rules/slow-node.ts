import type { ProblemCode } from '../../observation/codes.ts'
import { nodesOf } from '../../observation/problem.ts'
import type { ProbeSeen } from '../../observation/probe-seen.ts'
import type { BurstHost } from '../../probe/burst.ts'
import type { LabView } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'

/** As the scene of sizes stores it: who asked, and whom. */
interface Download {
  readonly by: string
  readonly toNode?: string
  readonly probe: Pick<ProbeSeen, 'fromNode' | 'attempts' | 'http'>
}

/** A whole file between tasks of two nodes. */
interface Transfer {
  /** The file goes from `from` to `to`. */
  readonly from: string
  readonly to: string
  readonly mbitPerSecond: number
}

/** Faster than that no limit is suspected, however fast others are. */
const slowMbitPerSecond = 10
/** So many times as fast is every transfer that does not concern the node. */
const ratio = 5
const idleShare = 0.1

const slowTransfers: readonly ProblemCode[] = ['transfer-unanswered', 'transfer-not-whole']

/** What one idle node sends, or is sent, is many times slower than all else, by as much on each way. */
export const slowNode: Rule = {
  code: 'rate-limited-between-nodes',
  title: 'The rate of what a node sends or receives is limited',
  severity: ['advice', 'cause'],
  meaning:
    'Pings are quick, small requests pass, and transfers to or from one node are many times slower than between the others: a limit of the provider or the virtual switch, a link that fell back to a lower speed, traffic control. TCP fills whatever queue there is, so that everything else of that node waits behind it.',
  proof: [
    'Downloads of one file between tasks of every ordered pair of nodes: all from, or all to, this node slower than 10 Mbit/s and five times slower than every other',
    'The node had a tenth of its processors’ time to spare',
  ],
  silencedBy: [
    'One download of that direction that is faster, or one elsewhere that is as slow',
    'A node that was busy, or no bursts by which that is known',
    'A queueing discipline of the node itself: `queueing-disturbs` names it',
  ],
  remedy: [
    'Measure it without the swarm: `iperf3 -s` on one host, `iperf3 -c HOST` and `iperf3 -R -c HOST` on another',
    '`ethtool INTERFACE | grep -i -e speed -e duplex`, `tc -s qdisc show dev INTERFACE`, `tc -s filter show dev INTERFACE ingress`',
    'The limits of the provider for this kind of machine, and of the virtual switch’s port',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/41565',
      says: 'Between two cloud machines anything over an overlay fell to tens of kB a second; another swarm with the same engine was well.',
    },
  ],
  find(lab) {
    const transfers = transfersOf(lab)
    const hosts = (lab.scene('bursts') as { hosts?: Readonly<Record<string, BurstHost>> } | undefined)?.hosts
    return lab.nodeNames.flatMap((node) => {
      if ((hosts?.[node]?.idleShare ?? 0) < idleShare) return []
      return (['from', 'to'] as const).flatMap((end) => draftOf(node, end, transfers, lab))
    })
  },
  gravity: 178,
}

function transfersOf(lab: LabView): Transfer[] {
  const scene = lab.scene('sizes') as { readonly downloads?: readonly Download[] } | undefined
  return (scene?.downloads ?? []).flatMap(({ by, toNode, probe }): Transfer[] => {
    const [attempt] = probe.attempts
    const bytes = probe.http?.[0]?.bodyBytes ?? 0
    if (by !== 'task' || toNode === undefined || toNode === probe.fromNode) return []
    if (attempt === undefined || bytes === 0 || attempt.elapsedMs <= 0) return []
    // What did not end in time counts with as much as came.
    return [{ from: toNode, to: probe.fromNode, mbitPerSecond: (bytes * 8) / 1000 / attempt.elapsedMs }]
  })
}

function draftOf(node: string, end: 'from' | 'to', transfers: readonly Transfer[], lab: LabView): Draft[] {
  const own = transfers.filter((transfer) => transfer[end] === node)
  const others = transfers.filter((transfer) => transfer[end] !== node)
  const peers = new Set(own.map(({ from, to }) => (end === 'from' ? to : from)))
  const fastest = Math.max(...own.map(({ mbitPerSecond }) => mbitPerSecond))
  const slowestOther = Math.min(...others.map(({ mbitPerSecond }) => mbitPerSecond))
  if (peers.size < 2 || others.length === 0) return []
  if (fastest > slowMbitPerSecond || slowestOther < ratio * fastest) return []
  const explains = (problem: { code: ProblemCode; path?: { from: string; to: string }; node?: string }) =>
    slowTransfers.includes(problem.code) && nodesOf(problem).includes(node)
  const figure = (value: number): string => (value < 1 ? value.toFixed(2) : value.toFixed(1))
  const device = lab.facts?.nodes.find(({ name }) => name === node)?.dataPath.interface ?? 'INTERFACE'
  const does = end === 'from' ? 'sends' : 'receives'
  return [
    {
      severity: lab.problems().some(explains) ? 'cause' : 'advice',
      title: `What ${node} ${does} is limited to about ${figure(fastest)} Mbit/s; all else is at least ${Math.floor(slowestOther / fastest)} times faster`,
      cause: `Every transfer that ${node} ${does} is slow, to whichever node, while ${node} has processor time to spare and the other directions are fast: a limit of the provider or the virtual switch, a link at a lower speed, or traffic control.`,
      remedy: [
        `On ${node}: \`ethtool ${device} | grep -i -e speed -e duplex\`, \`tc -s qdisc show dev ${device}\`, \`tc -s filter show dev ${device} ingress\``,
        `Without the swarm: \`iperf3 -s\` on ${node}, \`iperf3 ${end === 'from' ? '-R ' : ''}-c ${node}\` on another host`,
        'Else the limits of the provider for this machine, and of the port of the virtual switch',
      ],
      nodes: [node],
      pairs: own.map(({ from, to }) => ({ from, to })),
      proof: own
        .slice(0, 6)
        .map(({ from, to, mbitPerSecond }) => `${from} → ${to}: ${figure(mbitPerSecond)} Mbit/s`),
      explains,
    },
  ]
}
