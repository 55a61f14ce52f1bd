import type { ProblemCode } from '../../observation/codes.ts'
import type { Path } from '../../observation/problem.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { describeOneWay, oneWayCulprits } from '../one-way.ts'
import type { Draft, Rule } from '../rule.ts'
import { lostBeneath, type SeenBurst, seenBursts } from '../seen-bursts.ts'

/** What one datagram that was lost by chance makes of other requirements. */
const byChance: readonly ProblemCode[] = [
  ...(['datagrams-lost', 'not-delivered', 'transfer-unanswered', 'transfer-not-whole'] as const),
  ...(['not-measurable', 'port-not-answered'] as const),
]

/** Some of what is sent between nodes arrives and some does not, whatever it is. */
export const lossyLink: Rule = {
  code: 'packets-lost-between-nodes',
  title: 'Some of the packets between nodes are lost',
  severity: ['cause'],
  meaning:
    'Nothing is blocked: most packets arrive, a share of them does not. TCP repeats them and becomes slow, names resolve after seconds or at the second try, gossip suspects nodes that are well, and every test of one packet passes most of the time.',
  proof: [
    'Of numbered datagrams between tasks some arrived and some did not, counted at both ends, by ordered pair of nodes',
    'Echoes from host to host on the same pairs tell whether packets without VXLAN are lost as well',
  ],
  silencedBy: [
    'None was lost, or none arrived at all: then the way is blocked, which other findings are about',
    'Of two tasks ICMP, UDP and TCP are all silent: that is no chance, even where datagrams are lost beside it',
    'What was missed is of another network than the one that lost datagrams, and the hosts’ own echoes came through',
    'The nodes were not idle, or a receiving socket overflowed: they may have lost the datagrams themselves',
    'A rule of a host’s own firewall counted what is missing: `host-firewall-drops` names it',
  ],
  remedy: [
    'Measure it beside the swarm: `ping -i 0.02 -c 500 -q PEER` from host to host',
    'What the host drops itself: `ip -s -s link show INTERFACE`, `ethtool -S INTERFACE | grep -i -e drop -e err -e miss`, `tc -s qdisc show dev INTERFACE`',
    'Where only VXLAN is lost: rules that limit UDP, `iptables-save | grep -e limit -e statistic`, `nft list ruleset | grep limit`, and rate limits of the provider',
  ],
  reports: [
    {
      url: 'https://github.com/moby/libnetwork/issues/1402',
      says: 'Pings between containers of an overlay were lost now and then; services were moved to published host ports instead.',
    },
    {
      url: 'https://github.com/flannel-io/flannel/issues/1009',
      says: 'Nodes dropped a few packets of their VXLAN device under usual load, and many more under a test with iperf.',
    },
  ],
  find(lab) {
    const lost = lab.problems('datagrams-lost').filter(isPartial)
    const bursts = seenBursts(lab)
    if (lost.length === 0 || bursts.length === 0) return []
    const idle = lost.every(({ requirement }) => controlsHeld(lab, requirement))
    return idle ? [draftOf(lost, bursts, lab)] : []
  },
  gravity: 106,
}

const isPartial = ({ expected, observed }: Reported): boolean =>
  typeof expected === 'number' && typeof observed === 'number' && observed > 0 && observed < expected

function controlsHeld(lab: LabView, id: string): boolean {
  return (lab.requirement(id)?.verdict?.controls ?? []).every(({ held }) => held)
}

function draftOf(lost: readonly Reported[], bursts: readonly SeenBurst[], lab: LabView): Draft {
  const pairs = pathsOf(lost)
  const overlays = bursts.filter(({ way }) => way !== 'underlay')
  const culprits = oneWayCulprits(pairs, pathsOf(overlays.map(({ from, to }) => ({ path: { from, to } }))))
  const networks = [...new Set(lost.flatMap(({ network }) => network ?? []))]
  const total = (figure: 'expected' | 'observed'): number =>
    lost.reduce((sum, problem) => sum + Number(problem[figure]), 0)
  const percent = Math.max(
    0.1,
    Math.round((1000 * (total('expected') - total('observed'))) / total('expected')) / 10,
  )
  const beneath = lostBeneath(bursts, pairs)
  const nodes = [...new Set([...culprits.senders, ...culprits.receivers])]
  const device = (name: string): string =>
    lab.facts?.nodes.find((node) => node.name === name)?.dataPath.interface ?? 'INTERFACE'
  const peer = lab.facts?.nodes.find(({ name }) => name === pairs[0]?.to)?.dataPath.address ?? 'PEER'
  const place = beneath?.what === 'none' ? 'in VXLAN, and none from host to host' : 'on the way'
  return {
    title: `${percent} % of the packets ${describeOneWay(culprits, pairs)} are lost ${place}`,
    cause: `${
      beneath === undefined
        ? 'Whether packets from host to host are lost as well could not be told.'
        : beneath.what === 'some'
          ? `Echoes from host to host are lost on the same pairs (${beneath.lost} of ${beneath.sent}), so it is the link beneath, or what the hosts do to all that they send: cable, port, virtual switch, traffic control.`
          : `Of ${beneath.sent} echoes from host to host on the same pairs none is lost, so it concerns VXLAN alone: a rule or a provider that limits UDP.`
    } TCP repeats what is lost and becomes slow; names and single requests fail now and then.`,
    remedy: [
      ...(nodes.length > 0 ? nodes : [pairs[0]?.from ?? 'a node']).map(
        (node) =>
          `On ${node}: \`tc -s qdisc show dev ${device(node)}\` and \`ip -s -s link show ${device(node)}\`: a qdisc such as netem or tbf, or counters of drops and errors that rise`,
      ),
      ...(beneath?.what === 'none'
        ? [
            'Rules that limit UDP: `iptables-save | grep -e limit -e statistic`, `nft list ruleset | grep -e limit -e numgen`, on the host and on what lies between',
          ]
        : [
            `From ${pairs[0]?.from} beside the swarm: \`ping -i 0.02 -c 500 -q ${peer}\`; what it loses, the link loses`,
            'If the hosts count no drops: the cable, the switch port, the virtual switch or the provider between them',
          ]),
    ],
    ...{ nodes, pairs, networks },
    proof: [
      ...lost.map(
        ({ path, network, expected, observed }) =>
          `${path?.from} → ${path?.to} on ${network}: ${observed} of ${expected} datagrams arrived`,
      ),
      ...(beneath === undefined
        ? []
        : [`from host to host on the same pairs: ${beneath.lost} of ${beneath.sent} echoes were lost`]),
    ].slice(0, 8),
    explains: (problem) =>
      byChance.includes(problem.code) &&
      problem.kind === 'missed' &&
      touches(problem.path, pairs) &&
      // What the link beneath loses is of any network.
      (problem.network === undefined || networks.includes(problem.network) || beneath?.what === 'some') &&
      !isBlocked(problem, lab),
  }
}

/** Nothing comes through between these two, by whatever protocol: that is no chance. */
function isBlocked(problem: Reported, lab: LabView): boolean {
  if (problem.code !== 'not-delivered') return false
  const wayOf = ({ path, ends, network }: Reported): string => JSON.stringify([path, ends, network])
  const silent = lab.everyProblem.filter((one) => one.code === problem.code && wayOf(one) === wayOf(problem))
  const protocols = new Set(silent.map(({ protocol }) => protocol))
  return ['ICMP', 'UDP', 'TCP'].every((protocol) => protocols.has(protocol))
}

/** Answers go the other way. */
function touches(path: Path | undefined, pairs: readonly Path[]): boolean {
  return pairs.some(
    ({ from, to }) => (path?.from === from && path.to === to) || (path?.from === to && path.to === from),
  )
}
