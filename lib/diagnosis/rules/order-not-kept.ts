import type { CatalogEntry } from '../../observation/catalog-entry.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { type LabView, pathsOf } from '../lab-view.ts'
import { describeOneWay, oneWayCulprits } from '../one-way.ts'
import type { Draft, Rule } from '../rule.ts'
import { seenBursts } from '../seen-bursts.ts'

interface Words {
  readonly problem: ProblemCode
  /** As the title says it of the packets of some nodes. */
  readonly what: string
  readonly cause: string
}

function orderRule(entry: CatalogEntry & Pick<Rule, 'gravity'>, words: Words): Rule {
  return { ...entry, find: (lab) => draftsOf(entry, words, lab) }
}

function draftsOf({ remedy }: CatalogEntry, { problem: code, what, cause }: Words, lab: LabView): Draft[] {
  const problems = lab.problems(code)
  if (problems.length === 0) return []
  const pairs = pathsOf(problems)
  const measured = pathsOf(seenBursts(lab).map(({ from, to }) => ({ path: { from, to } })))
  const culprits = oneWayCulprits(pairs, measured)
  return [
    {
      title: `Packets ${describeOneWay(culprits, pairs)} ${what}`,
      ...{ cause, remedy, pairs },
      nodes: [...new Set([...culprits.senders, ...culprits.receivers])],
      networks: [...new Set(problems.flatMap(({ network }) => network ?? []))],
      proof: problems
        .slice(0, 6)
        .map(
          ({ path, network, observed, expected }) =>
            `${path?.from} → ${path?.to} on ${network}: ${observed} of ${expected} datagrams`,
        ),
      explains: (problem) => problem.code === code,
    },
  ]
}

export const arrivingTwice = orderRule(
  {
    code: 'packets-doubled',
    title: 'Packets between nodes arrive more than once',
    severity: ['cause'],
    meaning:
      'TCP throws second copies away, so that most services go on working; UDP hands both on, also on encrypted overlays, for which engines ask no check against replay. More is on the way than was sent.',
    proof: [
      'Numbered datagrams between tasks were counted twice at the node they arrive at, by ordered pair',
    ],
    silencedBy: ['Each datagram arrived once'],
    remedy: [
      'See where the second copy appears: `tcpdump -ni INTERFACE udp port 4789` on sender and receiver at the same time',
      'On the sender: `tc qdisc show dev INTERFACE` (netem duplicate), `tc filter show dev INTERFACE egress` (mirred mirror), `iptables -t mangle -S | grep TEE`',
      'Else in the virtual switch: promiscuous mode or port mirroring on a port group with two uplinks, a loop without spanning tree',
    ],
    reports: [
      {
        url: 'https://github.com/shakenfist/shakenfist/issues/859',
        says: 'Pings between machines of one hypervisor were answered twice once another hypervisor had a machine on that network.',
      },
    ],
    gravity: 184,
  },
  {
    problem: 'datagrams-doubled',
    what: 'arrive more than once',
    cause:
      'Something on the way sends a second copy: a mirror port, a virtual switch in promiscuous mode with two uplinks, a loop, or a rule or qdisc of the sender. TCP throws copies away; UDP hands both to the service.',
  },
)

export const orderNotKept = orderRule(
  {
    code: 'packets-reordered',
    title: 'Packets between nodes overtake each other',
    severity: ['cause'],
    meaning:
      'TCP takes packets that come behind later ones for lost, repeats them and slows down, so that throughput falls far below what the links carry, with no packet lost anywhere.',
    proof: [
      'More than 1 % of numbered datagrams between tasks arrived behind one that was sent later, by ordered pair',
    ],
    silencedBy: ['1 % or less were overtaken, which bundled links may do'],
    remedy: [
      'Bonding: `cat /proc/net/bonding/*`; instead of balance-rr use 802.3ad or active-backup',
      'Routes with several next hops: hash by flow, `sysctl net.ipv4.fib_multipath_hash_policy=1`',
      'On the sender: `tc qdisc show dev INTERFACE` (netem delay or reorder)',
    ],
    reports: [
      {
        url: 'https://github.com/flannel-io/flannel/issues/1234',
        says: 'VXLAN over two links bonded in balance-rr brought about 3 of 10 Gbit/s, and most of it without the bond.',
      },
    ],
    gravity: 186,
  },
  {
    problem: 'datagrams-overtaken',
    what: 'overtake each other',
    cause:
      'Packets of one flow take several ways of different length: a bond that deals them out one by one, multipath routes without a hash by flow, or a qdisc that delays some. TCP takes them for lost and slows down.',
  },
)
