import type { Hook } from '../../observe/ruleset.ts'
import type { AskedPacket } from '../../observe/who-decides.ts'
import { nodesOf } from '../../observation/problem.ts'
import { isLostOnTheWay } from '../ends.ts'
import { followsFromGossipAt } from '../gossip.ts'
import { concernsPeers } from '../dropped-peers.ts'
import { lostBy, packetDrops, portsOf, sizeMissed } from '../firewall-drops.ts'
import { isDroppedOtherwise, isOfNetfilter } from '../kernel-drops.ts'
import { letOut } from '../let-in.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { isBehindLoss, isCarried, provedOtherwise } from '../proved-otherwise.ts'
import { missesPackets } from '../missed-packets.ts'
import type { Draft, Rule } from '../rule.ts'
import { surelyDropped } from './host-firewall-drops.ts'

interface Kind {
  readonly traffic: 'data' | 'esp' | 'gossip-udp' | 'gossip-tcp'
  readonly name: string
  /** Requirements that miss it. */
  readonly misses: RegExp
  /** And those that miss what becomes of it, where all of it is dropped. */
  readonly besides?: RegExp
}

const kinds: readonly Kind[] = [
  {
    ...{ traffic: 'data', name: 'VXLAN', misses: /^(CTL-04|VXL|OVL|MTU|ING|LB|DSC|RES)/ },
    // What is to be encrypted passes OUTPUT and POSTROUTING as VXLAN first, and as ESP again (net/xfrm/xfrm_output.c).
    besides: /^(CTL-07|ENC)/,
  },
  { traffic: 'esp', name: 'ESP', misses: /^(CTL-07|ENC|OVL|MTU)/ },
  { traffic: 'gossip-udp', name: 'gossip by UDP', misses: /^CTL-(03|10)/ },
  { traffic: 'gossip-tcp', name: 'gossip by TCP', misses: /^CTL-(02|10)/ },
]

/** A node's own firewall drops what the node sends to others: nothing of it comes to the wire. */
export const outgoingDropped: Rule = {
  code: 'outgoing-dropped',
  title: 'The firewall of a node drops swarm traffic that the node itself sends',
  severity: ['cause'],
  meaning:
    'A rule or a policy of OUTPUT or POSTROUTING drops VXLAN, ESP or gossip on its way out: hardened hosts have such policies, and scripts that limit sizes or rates put their rules there. No capture outside shows anything, and the receivers, whose firewalls are open, get the blame.',
  proof: [
    'Of all rules that these packets meet on their way out, one that the engine did not make drops them, or a policy does',
    'It counted packets between the two looks at the node; one without a counter has to match all packets of this kind to a node',
    'Something was missed from, to or at this node',
  ],
  silencedBy: [
    'The rule counted nothing, or less than what left the node and was missed',
    'What was missed is seen to have left this node, or to have ended elsewhere',
    'Nothing was missed that concerns this node',
  ],
  remedy: [
    'Let it out: `iptables -I OUTPUT -p udp --dport 4789 -j ACCEPT`, likewise 7946/udp, 7946/tcp and `-p esp`; a rule in mangle or raw is to be taken away itself',
    'See which rule counts: `iptables-save -c | grep -E "OUTPUT|POSTROUTING"`, `nft list ruleset`',
    'Make it last: `ufw default allow outgoing`, or the same in your own script',
  ],
  reports: [],
  find(lab) {
    return lab.nodeNames.flatMap((node) => kinds.flatMap((kind) => draftOf(kind, node, lab)))
  },
  gravity: 98,
}

function draftOf({ traffic, name, misses, besides }: Kind, node: string, lab: LabView): Draft[] {
  const isMissed = (problem: Reported): boolean =>
    (traffic.startsWith('gossip') ? problem.kind === 'missed' : missesPackets(problem)) &&
    nodesOf(problem).includes(node)
  const isItsOwn = (problem: Reported): boolean => isMissed(problem) && misses.test(problem.requirement)
  const concerned = lab.problemsAbout(node).filter(isItsOwn)
  if (concerned.length === 0) return []
  const asked = packetsOf(traffic, node, lab).map((packet) => ({ ...packet, ...sizeMissed(concerned, lab) }))
  const drops = packetDrops(lab, node, asked, hooksOfSending).filter(({ packets }) => packets !== 0)
  const [first] = drops
  if (first === undefined) return []
  const isOfPeers = concernsPeers(drops, node, 'destination', lab)
  const others = first.certain ? [] : [...provedOtherwise(lab), ...surelyDropped(lab)]
  const isBesides = (problem: Reported): boolean =>
    first.certain && besides?.test(problem.requirement) === true && isMissed(problem)
  const explains = (problem: Reported): boolean =>
    isOfPeers(problem) &&
    (isBesides(problem) ||
      (isItsOwn(problem) &&
        (first.certain ||
          (!isLostOnTheWay(problem, lab) &&
            !isBehindLoss(problem, lab) &&
            !isCarried(traffic, problem, lab) &&
            !others.some((accountsFor) => accountsFor(problem))))))
  const missed = concerned.filter(explains)
  if (missed.length === 0) return []
  if (!first.certain && isDroppedOtherwise(lab, node, missed.length, isOfNetfilter)) return []
  const loss = lostBy(drops, { at: node, way: 'leaving' })
  const counted = first.packets === undefined ? '' : `, ${first.packets} packets meanwhile`
  return [
    {
      title: `${node}'s own firewall ${first.certain ? 'drops' : 'may drop'} ${name} that ${node} sends: ${first.rule}${counted}`,
      cause: `The rule is asked on ${node} before a packet comes to the wire, so that no capture outside shows it and the receivers seem to be at fault.`,
      remedy: [
        `On ${node}${first.certain ? ':' : ' see whether its counter rises when a task there sends to another node; if so,'} ${letOut(first.dropping, portsOf(lab.lab.topology.swarm.dataPathPort)[traffic])}, and keep that in whatever writes the rules`,
        'See which rule counts: `iptables-save -c | grep -E "OUTPUT|POSTROUTING"`, `nft list ruleset`',
      ],
      nodes: [node],
      pairs: pathsOf(missed),
      networks: [...new Set(missed.flatMap(({ network }) => network ?? []))],
      proof: drops.map(
        ({ rule, packets }) =>
          `${node}: ${rule}: ${packets === undefined ? 'without a counter' : `${packets} packets while the requirements were verified`}`,
      ),
      ...(loss === undefined ? {} : { counted: loss }),
      explains,
      ...(traffic === 'gossip-tcp' && first.certain ? { follows: followsFromGossipAt(lab, node) } : {}),
    },
  ]
}

const hooksOfSending: readonly Hook[] = [
  ...(['output', 'postrouting', 'bridge-output', 'bridge-postrouting', 'egress'] as const),
]

function packetsOf(traffic: Kind['traffic'], node: string, { facts, lab }: LabView): AskedPacket[] {
  const way = traffic === 'data' || traffic === 'esp' ? 'dataPath' : 'advertise'
  const own = facts?.nodes.find(({ name }) => name === node)?.[way]
  if (own === undefined) return []
  const wanted = portsOf(lab.topology.swarm.dataPathPort)[traffic]
  return (facts?.nodes ?? [])
    .filter(({ name }) => name !== node)
    .map((other) => ({
      ...wanted,
      ...{ source: own.address, destination: other[way].address, fromHost: true, toHost: false },
      ...{ in: '', out: own.interface, state: 'new' },
    }))
}
