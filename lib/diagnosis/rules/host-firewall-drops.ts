import type { Hook } from '../../observe/ruleset.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { nodesOf } from '../../observation/problem.ts'
import { canEndAt, isLostOnTheWay } from '../ends.ts'
import {
  type FirewallDrop,
  firewallDrops,
  lostBy,
  packetDrops,
  sizeMissed,
  type Traffic,
} from '../firewall-drops.ts'
import { concerns as isAbout } from '../concerns.ts'
import { concernsPeers } from '../dropped-peers.ts'
import { followsFromGossipAt, isOfGossip, isToldByGossip } from '../gossip.ts'
import { letForward } from '../let-in.ts'
import { isDroppedOtherwise, isOfNetfilter } from '../kernel-drops.ts'
import { pathsOf, type LabView, type Reported } from '../lab-view.ts'
import { forwardedPackets, isForwardedBy } from '../mesh-packets.ts'
import { missesPackets } from '../missed-packets.ts'
import { isOfMesh } from '../own-mesh.ts'
import { accounting, isBehindLoss, isCarried, provedOtherwise } from '../proved-otherwise.ts'
import type { Draft, Rule } from '../rule.ts'
import { unspokenAgainst } from '../unspoken-against.ts'

interface Kind {
  readonly traffic: Traffic
  /** As the title names it. */
  readonly name: (lab: LabView) => string
  /** Problems that it can account for, where they concern its node. */
  readonly accounts: (problem: Reported, lab: LabView) => boolean
}

const dataPort = (lab: LabView): number => lab.lab.topology.swarm.dataPathPort

const isEncrypted = (problem: Reported, lab: LabView): boolean =>
  lab.networkNamed(problem.network)?.encrypted ?? problem.protocol === 'ESP'

/** Control-plane requirements judge the gossip and management ports. */
const isControl = ({ requirement }: Reported): boolean => /^CTL-0[1235680]|^CTL-1/.test(requirement)

const isOfData = (problem: Reported): boolean => !isControl(problem) && missesPackets(problem)

const kinds: readonly Kind[] = [
  {
    traffic: 'data',
    name: (lab) => `VXLAN (UDP ${dataPort(lab)})`,
    accounts: (problem, lab) => isOfData(problem) && !isEncrypted(problem, lab),
  },
  {
    traffic: 'esp',
    name: () => 'ESP (IP protocol 50)',
    accounts: (problem, lab) => isOfData(problem) && isEncrypted(problem, lab),
  },
  {
    traffic: 'gossip-udp',
    name: () => 'gossip (UDP 7946)',
    accounts: (problem) => problem.requirement === 'CTL-03' || isStale(problem),
  },
  {
    traffic: 'gossip-tcp',
    name: () => 'gossip (TCP 7946)',
    accounts: (problem) => problem.requirement === 'CTL-02' || isStale(problem),
  },
  {
    traffic: 'management',
    name: () => 'the management port (TCP 2377)',
    accounts: (problem) => problem.requirement === 'CTL-01',
  },
]

/** What nodes learn by gossip, late or never. */
const isStale = ({ requirement, code }: Reported): boolean =>
  isToldByGossip({ code }) ||
  (/^(CTL-10|VXL-06|DSC-0|LB-02)/.test(requirement) && !ofResolvers.includes(code))

/** What a resolver does by itself, whatever it learnt. */
const ofResolvers: readonly ProblemCode[] = [
  ...(['name-not-answered', 'nameservers-silent', 'question-not-forwarded'] as const),
  ...(['question-forwarded-elsewhere', 'application-waits-for-name'] as const),
]

/**
 * Packets arrive at a node and its own firewall drops them: captures see them, tasks do not. A rule that counted while
 * the run went on is proof; one without a counter, or a policy, has to match traffic that was missed at its node.
 */
export const hostFirewallDrops: Rule = {
  code: 'host-firewall-drops',
  title: 'The firewall of a node drops swarm traffic that arrives there',
  severity: ['cause'],
  meaning:
    'Packets reach the node and one of its own rules, or a policy, drops them before the socket or the engine’s rules get them. A capture on the node shows them, which misleads; tasks are Running and the swarm looks healthy. It is said of VXLAN, ESP, gossip by UDP and TCP, the management port, and what is forwarded to containers.',
  proof: [
    'A rule of iptables or nftables, or a policy, that is not the engine’s, lies where this traffic passes and matches it',
    'Its counter rose while the requirements were verified; one without a counter has to match traffic that was missed at this node',
    'Of a rule of which it is not known whether it meets this traffic (it matches by an ipset, a mark, a rate, or one that does stands before it and accepts) it is said that it may drop it, and only where no other certainly does',
    'Chains below the interface that has the address are asked as well: at the ports of its bridge or bond, at what its VLAN is on, of the family bridge. What they drop no recording of that interface shows: it seems to be lost between the hosts',
    'What is forwarded is asked about packet by packet: the port and the sender of each request that was not answered, the interface it came in by; and what a task sent out through docker_gwbridge',
  ],
  silencedBy: [
    'Its counter did not move, or counted fewer packets than were missed',
    'It drops all that senders of a list send (an ipset of CrowdSec or fail2ban, which counts on most hosts), and nodes hear each other by gossip (CTL-02, CTL-03)',
    'It is gossip by TCP that it may drop, and engines say that they reach the node by TCP',
    'What was missed is seen to have ended elsewhere: on another node, or before it arrived (CTL-03, CTL-04, CTL-07)',
    'It matches only what such traffic is not: packets of a user, of IPv6, to broadcast or multicast, frames that are bridged (`physdev`); another published port, other senders, another interface',
    'Whether it matches cannot be told (an ipset, a share, a rate, a program by NFQUEUE), and something else speaks: another rule that drops all of it, on whichever node; IPsec, an MTU, a checksum or the mesh of a node was read to be wrong; packets of the same two nodes are lost between them, the kernel gives another reason for as many drops, the mesh of the node lacks something, or the node itself is not answered either, which is not forwarded',
    'The published port is not led to the mesh at all: then nothing of it is forwarded',
    'A rule before a policy accepts the traffic',
    'Nothing was missed at this node that the rule could account for',
  ],
  remedy: [
    'Take a rule away that is for this traffic alone, `iptables -D INPUT -p udp --dport 4789 -j DROP`; before a broader one accept it from the other nodes: `iptables -I INPUT POSITION -p udp --dport 4789 -s SUBNET -j ACCEPT`, behind a policy with `-A`; likewise 7946/udp, 7946/tcp, 2377/tcp, and `-p esp` for encrypted networks',
    'Not at the top of INPUT: there it lets clear text into encrypted networks, whose rule of the engine has to be asked first',
    'With ufw: `ufw allow proto udp from SUBNET to any port 4789`; with firewalld a rich rule, with `--permanent` and again without, because a reload of firewalld takes the engine’s rules away',
    'For published ports put your own rules into the chain DOCKER-USER, which the engine leaves alone; there they are asked about the port of the container: `-m conntrack --ctorigdstport PORT` is the published one',
    'See which rule counts: `iptables -nvL --line-numbers`, `nft list ruleset`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/36199',
      says: 'Names resolved and pings timed out until ufw was told of 2377, 7946 and 4789.',
    },
    {
      url: 'https://github.com/vmware/photon/issues/610',
      says: 'Containers on an overlay could be reached on Photon OS once INPUT accepted the swarm’s ports and protocol 50.',
    },
    {
      url: 'https://github.com/moby/moby/pull/49538',
      says: 'In engine 28.0.0 the jump to the rules of ingress could end up at the wrong place of FORWARD.',
    },
  ],
  find(lab) {
    const found = draftsOf(lab)
    const proved = found.some(({ certain }) => !certain) ? provedOtherwise(lab) : []
    return found
      .toSorted((one, other) => Number(other.certain) - Number(one.certain))
      .map(({ certain, traffic: _, explains, ...draft }) => ({
        ...draft,
        explains: (problem) =>
          explains?.(problem) === true && (certain || !proved.some((isProved) => isProved(problem))),
      }))
  },
  gravity: 100,
}

function draftsOf(lab: LabView): FoundDraft[] {
  return Object.keys(lab.kernelAfter ?? lab.kernelBefore ?? {}).flatMap((node) => [
    ...kinds.flatMap((kind) => draftOf(kind, node, lab)),
    ...forwardedDraft(node, lab),
  ])
}

/**
 * What rules surely drop where it arrives. VXLAN of encrypted networks meets them as well, once it is decrypted, and
 * published ports fail now and then on every node whose mesh asks tasks there.
 */
export function surelyDropped(lab: LabView): ((problem: Reported) => boolean)[] {
  const sure = draftsOf(lab).filter(({ certain }) => certain)
  const nodes = new Set(sure.filter(({ traffic }) => traffic === 'data').flatMap((one) => one.nodes ?? []))
  return [
    ...sure.map(accounting),
    (problem) =>
      isOfData(problem) &&
      (nodesOf(problem).some((node) => nodes.has(node)) || (nodes.size > 0 && isOfMesh(problem))),
  ]
}

interface FoundDraft extends Draft {
  /** A rule that drops all of it is among those that were found. */
  readonly certain: boolean
  /** Undefined of what is forwarded. */
  readonly traffic?: Traffic
}

function draftOf(kind: Kind, node: string, lab: LabView): FoundDraft[] {
  const isItsOwn = (problem: Reported): boolean =>
    isMissed(problem) && kind.accounts(problem, lab) && concerns(problem, node, lab)
  const size = kind.traffic === 'data' ? sizeMissed(lab.problems().filter(isItsOwn), lab) : {}
  const found = firewallDrops(lab, node, kind.traffic, size).filter(
    ({ packets, ofListedSenders }) =>
      packets !== 0 && !(ofListedSenders === true && isEveryNodeHeard(kind, lab)),
  )
  const [first] = found
  if (first === undefined) return []
  const isOfPeers = concernsPeers(found, node, 'source', lab)
  const isDecrypted = kind.traffic === 'data' && isDroppedDecrypted(node, lab)
  const explains = (problem: Reported): boolean =>
    (isItsOwn(problem) || (isDecrypted && isOfDecrypted(problem, node, lab))) &&
    isOfPeers(problem) &&
    canEndAt(problem, { at: node, way: 'arriving', ...(first.beneath ? { beneath: true } : {}) }) &&
    (first.certain ||
      ((first.beneath === true || !isLostOnTheWay(problem, lab)) &&
        !isBehindLoss(problem, lab) &&
        !isCarried(kind.traffic, problem, lab)))
  const missed = lab.problems().filter(explains)
  if (missed.length === 0) return []
  if (kind.traffic === 'data' && size.bytes === undefined && isSeenElsewhere(missed, lab)) return []
  if (!first.certain && isDroppedOtherwise(lab, node, missed.length, isOfNetfilter)) return []
  if (!first.certain && kind.traffic.startsWith('gossip') && !isGossipMissed(node, lab)) return []
  if (!first.certain && kind.traffic === 'gossip-tcp' && isReachedByTcp(node, lab)) return []
  const name = kind.name(lab)
  const remedyOn = (nodes: string): string[] => [
    ...(first.certain ? [] : [seeWhether(nodes, found)]),
    ...first
      .letIn(underlayOf(kind.traffic, lab))
      .map((step, index) => (index > 0 ? step : onNode(nodes, first.certain ? step : `if so, ${step}`))),
    seeCounters,
  ]
  const draft = draftFor(node, found, missed, lab)
  return [
    {
      ...draft,
      ...{ certain: first.certain, traffic: kind.traffic },
      title: first.certain
        ? `${name} arrives at ${node} and ${node}'s own firewall drops it: ${described(first)}`
        : `${name} arrives at ${node} and is not received there; ${node}'s own firewall may drop it: ${described(first)}`,
      remedy: remedyOn(node),
      alike: {
        key: `${first.certain} ${kind.traffic} ${first.rule}`,
        told: (nodes) => ({
          title: first.certain
            ? `${name} arrives at ${nodes} and is dropped there by the node's own firewall, on each: ${first.rule}`
            : `${name} arrives at ${nodes} and is not received there; the node's own firewall may drop it, on each: ${first.rule}`,
          cause: causeAt('each of them', first.certain, first.beneath),
          remedy: remedyOn(nodes),
        }),
      },
      explains,
      ...(kind.traffic === 'gossip-tcp' && first.certain ? { follows: followsFromGossipAt(lab, node) } : {}),
    },
  ]
}

/** VXLAN that came by ESP, which itself comes in. */
function isDroppedDecrypted(node: string, lab: LabView): boolean {
  const isDropped = (traffic: Traffic, byIpsec: boolean): boolean =>
    firewallDrops(lab, node, traffic, { byIpsec }).some(({ certain, packets }) => certain && packets !== 0)
  return isDropped('data', true) && !isDropped('esp', false)
}

const isOfDecrypted = (problem: Reported, node: string, lab: LabView): boolean =>
  isMissed(problem) &&
  isOfData(problem) &&
  problem.protocol !== 'ESP' &&
  isEncrypted(problem, lab) &&
  concerns(problem, node, lab) &&
  !isLostOnTheWay(problem, lab)

/** An entry that lacks is no sign by itself that gossip is dropped. */
const isGossipMissed = (node: string, lab: LabView): boolean =>
  lab.everyProblem.some((problem) => isOfGossip(problem) && isAbout(problem, node))

/** Engines say that UDP probes fail where they reach the other by TCP (memberlist). */
const isReachedByTcp = (node: string, lab: LabView): boolean =>
  lab.everyProblem.some((problem) => problem.code === 'udp-probes-failed' && isAbout(problem, node))

/** Tasks were asked from node to node, and only published ports missed something that this would have dropped. */
const isSeenElsewhere = (missed: readonly Reported[], lab: LabView): boolean =>
  missed.every(isOfMesh) && lab.fails('OVL-03')

const onNode = (node: string, step: string): string => `On ${node}: ${step}`

/** How to tell whether a rule meets these packets, by what it matches. */
function seeWhether(node: string, drops: Drops): string {
  const sets = [...new Set(drops.flatMap(({ rule }) => /--match-set (\S+) /.exec(rule)?.[1] ?? []))]
  const tests = sets.slice(0, 3).map((name) => `\`ipset test ${name} ADDRESS-OF-PEER\``)
  return `On ${node} see whether its counter rises when another node sends: \`iptables-save -c | grep -E "DROP|REJECT|QUEUE"\` twice${tests.length === 0 ? '' : `; whether a peer is in the set: ${tests.join(', ')}`}`
}

/** Each node hears each other by gossip: then none is on a list whose senders are dropped, whatever they send. */
function isEveryNodeHeard({ traffic }: Kind, lab: LabView): boolean {
  const isByOneAddress =
    lab.facts?.nodes.every(({ advertise, dataPath }) => advertise.address === dataPath.address) === true
  const isBetweenTasks = traffic === 'data' || traffic === 'esp'
  return (!isBetweenTasks || isByOneAddress) && (lab.holds('CTL-02') || lab.holds('CTL-03'))
}

/**
 * Lists of senders name none of the addresses that tasks have behind docker_gwbridge, and nobody on them gets as far as the
 * first part of a transfer.
 */
const isOfNoList = ({ code }: Reported): boolean =>
  code.startsWith('outbound') || code === 'own-node-not-answering-task' || code === 'transfer-not-whole'

type Drops = readonly Omit<FirewallDrop, 'letIn'>[]

/** Frames of docker_gwbridge are asked about as well: of what containers send before it is routed, else behind. */
const hooksOf = ({ code }: Reported): readonly Hook[] =>
  code.startsWith('outbound')
    ? ['bridge-prerouting', 'bridge-input', 'forward']
    : ['forward', 'bridge-output', 'bridge-postrouting']

/** What drops what the node forwards between its containers and what is outside, asked problem by problem. */
function forwardedDraft(node: string, lab: LabView): FoundDraft[] {
  const asked = lab
    .problems()
    .filter((problem) => isForwardedBy(problem, node, lab))
    .map((problem) => ({
      problem,
      drops: packetDrops(
        lab,
        node,
        forwardedPackets(problem, node, lab),
        hooksOf(problem),
        problem.requirement,
      ).filter(
        ({ packets, ofListedSenders }) => packets !== 0 && !(ofListedSenders === true && isOfNoList(problem)),
      ),
    }))
    .filter(({ drops }) => drops.length > 0)
  const sure = asked
    .map(({ problem, drops }) => ({ problem, drops: drops.filter(({ certain }) => certain) }))
    .filter(({ drops }) => drops.length > 0)
  const taken = sure.length > 0 ? sure : unspokenAgainst(asked, node, lab)
  const drops = new Map(taken.flatMap((one) => one.drops).map((drop) => [drop.rule, drop]))
  const found = [...drops.values()]
  const [first] = found
  if (first === undefined) return []
  const missed = taken.map(({ problem }) => problem)
  const certain = sure.length > 0
  return [
    {
      ...draftFor(node, found, missed, lab),
      certain,
      title: `${node}'s own firewall ${certain ? 'drops' : 'may drop'} what the engine forwards to containers (the routing mesh): ${described(first)}`,
      remedy: [
        ...(certain ? [] : [seeWhether(node, found)]),
        ...letForward(first.dropping).map((step, index) =>
          index > 0 ? step : onNode(node, certain ? step : `if so, ${step}`),
        ),
        seeCounters,
      ],
      explains: (problem) => missed.includes(problem),
    },
  ]
}

function draftFor(
  node: string,
  found: Drops,
  missed: readonly Reported[],
  lab: LabView,
): Omit<Draft, 'title' | 'remedy'> {
  const loss = lostBy(found, { at: node, way: 'arriving' })
  const sure = found.filter(({ certain }) => certain)
  const others = found.filter(({ certain }) => !certain).slice(0, most)
  return {
    cause: causeAt(
      node,
      sure.length > 0,
      found.some(({ beneath }) => beneath),
    ),
    nodes: [node],
    pairs: pathsOf(missed).filter(({ from, to }) => [from, to].every((end) => lab.nodeNames.includes(end))),
    networks: [...new Set(missed.flatMap(({ network }) => network ?? []))],
    proof: [
      ...sure.map((drop) => `${node}: ${countedBy(drop)}`),
      ...others.map(
        (drop) => `${node}: may drop ${sure.length > 0 ? 'some of it as well' : 'it'}: ${countedBy(drop)}`,
      ),
    ],
    ...(loss === undefined ? {} : { counted: loss }),
  }
}

const causeAt = (node: string, certain: boolean, isBeneath = false): string =>
  `${certain ? 'The rule' : 'Whether it meets these packets cannot be read from it, but it counted as many meanwhile as were missed. It'} is asked on ${node} before the engine's rules or the socket get the packet, ${isBeneath ? 'below the interface that has the address, so that a capture of that one does not show it and it seems to be lost between the hosts' : 'so a capture there shows it and nothing behind receives it'}. Tasks are Running, and the swarm looks healthy.`

/** Rules of which it is not known whether they meet the traffic, as many as are told. */
const most = 3

const countedBy = ({ rule, packets }: Drops[number]): string =>
  `${rule}: ${packets === undefined ? 'without a counter' : `${packets} packets while the requirements were verified`}`

const seeCounters = `See the rule count: \`iptables -nvL --line-numbers\`, or \`nft list ruleset\``

const described = ({ rule, packets }: Drops[number]): string =>
  `${rule}${packets === undefined ? '' : `, ${packets} packets meanwhile`}`

/** Also by what an engine's own log says was missed. */
const isMissed = ({ kind, code }: Reported): boolean => kind === 'missed' || code === 'udp-probes-failed'

/** A problem that names no node at all may be of any; a peer that engines name by an id, of any that does not complain of it. */
function concerns(problem: Reported, node: string, lab: LabView): boolean {
  const nodes = nodesOf(problem)
  const { code, subject = '' } = problem
  if (code === 'udp-probes-failed' && !lab.nodeNames.includes(subject) && problem.node !== node)
    return lab.everyProblem.every((one) => one.code !== code || one.subject !== subject || one.node !== node)
  // What others were not told of is of the node that it is about, as of the one that lacks it.
  if (isToldByGossip(problem) && isAbout(problem, node)) return true
  return nodes.length === 0 || nodes.includes(node)
}

/** The subnet that the other nodes send from. */
function underlayOf(traffic: Traffic, { lab: { topology } }: LabView): string {
  const { dataPath, advertise } = topology.swarm
  const name = traffic === 'data' || traffic === 'esp' ? dataPath : advertise
  return topology.underlays.find((underlay) => underlay.name === name)?.subnet ?? 'UNDERLAY-SUBNET'
}
