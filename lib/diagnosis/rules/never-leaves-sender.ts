import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { type KernelDrop, describeDrop, tellingDrops } from '../kernel-drops.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import { isUnanswered } from '../neighbours.ts'
import { mayBeElsewhere } from '../node-firewall.ts'
import type { Draft, Rule } from '../rule.ts'

const codes: readonly ProblemCode[] = ['data-never-left', 'gossip-never-left']

/** What a node sends to another ends on the node itself, and its kernel says where. */
export const neverLeavesSender: Rule = {
  code: 'never-leaves-sender',
  title: 'What a node sends to another never leaves it, and its kernel says why',
  severity: ['cause'],
  meaning:
    'VXLAN, ESP or gossip for another node is not seen on the wire of its sender. Either nobody answers the sender’s ARP for the other’s address (another VLAN, ports that are kept apart, a filter of MAC addresses), or something behind its firewall drops it: a filter of traffic control, a BPF program of a cgroup or of the interface, an IPsec policy, a full queue. The receivers, who get nothing, seem to be at fault.',
  proof: [
    'Nothing of an ordered pair left its sender, while it was recorded (CTL-03, CTL-04, CTL-07)',
    'The neighbour table of the sender has no answer for the address of the other (`FAILED`)',
    'Or the reason by which its kernel dropped at least as many IPv4 packets as were missed, many more than the other nodes, and of those that drop what leaves',
  ],
  silencedBy: [
    'A graver finding has explained it: a rule of OUTPUT, a route, an address that is gone, entries that gossip did not bring',
    'Its kernel gives no such reason, or gives it as often on other nodes',
    'The reason is netfilter, and all its tables were read: a rule would have been named',
  ],
  remedy: [
    'Nobody answers ARP: `arping -I INTERFACE ADDRESS` on the sender, `tcpdump -ni INTERFACE arp` on the other; compare VLAN and port of both',
    'A filter on the way out: `tc -s filter show dev INTERFACE egress`, `bpftool net`, `bpftool cgroup tree`',
    'IPsec: `ip xfrm policy`; rules of the other iptables: `iptables-legacy-save -c`',
  ],
  reports: [],
  find: (lab) => {
    const missed = lab.problems(...codes).filter(({ path }) => path !== undefined && path.from !== path.to)
    return [...new Set(missed.flatMap(({ path }) => path?.from ?? []))].flatMap((node) =>
      draftsOf(
        node,
        missed.filter(({ path }) => path?.from === node),
        lab,
      ),
    )
  },
  gravity: 152,
}

function draftsOf(node: string, missed: readonly Reported[], lab: LabView): Draft[] {
  const silent = missed.filter(({ path, code }) => isUnanswered(lab, node, addressOf(path?.to, code, lab)))
  if (silent.length > 0) return [unansweredDraft(node, silent, lab)]
  const [drop] = tellingDrops(lab, node, { lost: missed.length, concerned: [node] }).filter(
    (one) => ofLeaving.has(one.reason) && isUnread(one, lab),
  )
  return drop === undefined ? [] : [droppedDraft(drop, missed, lab)]
}

/** Reasons by which kernels drop what leaves; those of netfilter where a rule could not be read. */
const ofLeaving: ReadonlySet<string> = new Set([
  ...['TC_EGRESS', 'BPF_CGROUP_EGRESS', 'XFRM_POLICY', 'QDISC_DROP', 'IP_OUTNOROUTES', 'NETFILTER_DROP'],
  ...['NEIGH_FAILED', 'NEIGH_QUEUEFULL', 'NEIGH_CREATEFAIL', 'SECURITY_HOOK'],
])

function isUnread({ reason, node }: KernelDrop, lab: LabView): boolean {
  const [state] = statesOf(lab, node)
  return (
    reason !== 'NETFILTER_DROP' ||
    (state !== undefined && ['raw', 'mangle', 'filter'].some((table) => mayBeElsewhere(state, table)))
  )
}

function addressOf(name: string | undefined, code: ProblemCode, { facts }: LabView): string {
  const node = facts?.nodes.find((one) => one.name === name)
  return (code === 'gossip-never-left' ? node?.advertise : node?.dataPath)?.address ?? ''
}

function unansweredDraft(node: string, silent: readonly Reported[], lab: LabView): Draft {
  const pairs = pathsOf(silent)
  const peers = pairs.map(({ to }) => to)
  const told = [
    ...new Set(silent.map(({ path, code }) => `${addressOf(path?.to, code, lab)} (${path?.to ?? ''})`)),
  ]
  const [address = ''] = told.map((one) => one.split(' ')[0])
  const device = lab.facts?.nodes.find(({ name }) => name === node)?.dataPath.interface ?? 'INTERFACE'
  return {
    title: `Nothing that ${node} sends to ${inWords(peers)} leaves: nobody answers its ARP for ${told.join(', ')}`,
    cause: `${node} asks on its own network for the hardware address of ${told.join(', ')} and gets no answer, so its kernel sends no packet there, of whatever port. Either the two are not on one network (another VLAN, ports or wireless clients that are kept apart, a filter of MAC addresses), or ${inWords(peers)} does not answer there.`,
    remedy: [
      `On ${node}: \`arping -c 3 -I ${device} ${address}\`, and meanwhile \`tcpdump -ni any arp host ${address}\` on ${peers[0] ?? ''}: does the question come, does the answer leave`,
      'If the question does not come: VLAN, bridge and port of both hosts, rules of the hypervisor or cloud for MAC addresses; if it comes and is not answered: `sysctl -a | grep -E "arp_ignore|rp_filter"` and `arptables -L` there',
    ],
    nodes: [node],
    pairs,
    proof: told.map((one) => `${node}: its neighbour table has no answer for ${one}`),
    explains: isBetween(pairs),
  }
}

function droppedDraft(drop: KernelDrop, missed: readonly Reported[], lab: LabView): Draft {
  const { node, meaning, reason, count, location } = drop
  const pairs = pathsOf(missed)
  const what = [...new Set(missed.map(({ code, protocol }) => nameOf(code, protocol)))].join(', ')
  const device = lab.facts?.nodes.find(({ name }) => name === node)?.dataPath.interface ?? 'INTERFACE'
  return {
    title: `${what} does not leave ${node}: dropped by ${meaning.by} (${reason})`,
    cause: `The packets are made on ${node} and never come to its wire. Its kernel says why it dropped ${count} packets meanwhile, in ${location}: ${reason}. They are dropped by ${meaning.by}.`,
    remedy: [
      `On ${node} look: ${meaning.look.replaceAll('INTERFACE', device)}`,
      `See that they leave then: \`tcpdump -ni ${device} udp port ${lab.lab.topology.swarm.dataPathPort} or esp\` on ${node}`,
    ],
    nodes: [node],
    pairs,
    networks: [...new Set(missed.flatMap(({ network }) => network ?? []))],
    proof: [describeDrop(drop)],
    explains: isBetween(pairs),
  }
}

const nameOf = (code: ProblemCode, protocol = 'VXLAN'): string =>
  code === 'gossip-never-left' ? 'gossip' : protocol

/** What the two miss of each other, in either direction: answers do not come either. */
function isBetween(pairs: ReturnType<typeof pathsOf>): (problem: Reported) => boolean {
  return ({ kind, path }) =>
    kind === 'missed' &&
    path !== undefined &&
    pairs.some(
      ({ from, to }) => (from === path.from && to === path.to) || (from === path.to && to === path.from),
    )
}
