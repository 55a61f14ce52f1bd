import type { Hook } from '../../observe/ruleset.ts'
import { lostBy, type PacketDrop, packetDrops } from '../firewall-drops.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { isMissedAtPort, isPortSilent, packetToPort } from '../port-packets.ts'
import type { Draft, Rule } from '../rule.ts'
import { unspokenAgainst } from '../unspoken-against.ts'

/** A rule of a node drops what comes for a published port before DNAT leads it on. */
export const publishedPortDropped: Rule = {
  code: 'published-port-dropped',
  title: 'The firewall of a node drops what comes for a published port, before the engine’s rules get it',
  severity: ['cause'],
  meaning:
    'Rules in the tables raw and mangle, and chains of nftables with an early priority, are asked before DNAT. One there that drops the port, alone or by a range, closes it on this node whatever the engine does; hosts are closed so on purpose, because rules of INPUT never see published ports, and then somebody publishes another.',
  proof: [
    'A rule that is not the engine’s is asked about a new connection to the port as it arrives, and drops it',
    'It counted meanwhile, or has no counter and matches every such connection',
    'The port was not answered at this node',
  ],
  silencedBy: [
    'Its counter did not move, or counted fewer packets than requests were missed',
    'The port was answered at this node',
  ],
  remedy: [
    'Find it: `iptables -t raw -nvL PREROUTING --line-numbers`, `iptables -t mangle -nvL PREROUTING`, `nft list ruleset`',
    'Delete it, or accept the port before it; rules for published ports belong in DOCKER-USER, with `-m conntrack --ctorigdstport PORT`',
  ],
  reports: [],
  find(lab) {
    return lab.nodeNames.flatMap((node) => draftOf(node, lab))
  },
  gravity: 102,
}

function draftOf(node: string, lab: LabView): Draft[] {
  const asked = lab
    .problems()
    .filter((problem) => isMissedAtPort(problem, node))
    .map((problem) => ({ problem, drops: dropsOf(problem, node, lab) }))
    .filter(({ drops }) => drops.length > 0)
  const sure = asked.filter(({ drops }) => drops.some(({ certain }) => certain))
  const dropped = sure.length > 0 ? sure : unspokenAgainst(asked, node, lab)
  const found = dropped.flatMap(({ problem, drops }) => (isPortSilent(problem) ? drops : []))
  const drops = [...new Map(found.map((drop) => [`${drop.rule} ${drop.port}`, drop])).values()]
  const [first] = drops
  if (first === undefined) return []
  const loss = lostBy(drops, { at: node, way: 'arriving' })
  const missed = new Set(dropped.map(({ problem }) => problem))
  const counted = first.packets === undefined ? '' : `, ${first.packets} packets meanwhile`
  return [
    {
      title: `${node}'s own firewall ${first.certain ? 'drops' : 'may drop'} what comes for port ${first.port}/${first.protocol}: ${first.rule}${counted}`,
      cause: `The rule is asked on ${node} before DNAT leads the port on, so that neither DOCKER-USER nor a task sees the connection. Through other nodes the port answers, and everything is reported healthy.`,
      remedy: [
        `On ${node} ${first.certain ? '' : 'see whether its counter rises when the port is asked; if so, '}take that rule away, or accept port ${first.port} before it; rules for published ports belong in DOCKER-USER, with \`-m conntrack --ctorigdstport ${first.port}\``,
        'See which rule counts: `iptables-save -c | grep -E "PREROUTING.*(DROP|REJECT)"`, `nft list ruleset`',
      ],
      nodes: [node],
      proof: drops.map(
        ({ rule, packets, port }) =>
          `${node}, port ${port}: ${rule}: ${packets === undefined ? 'without a counter' : `${packets} packets while the requirements were verified`}`,
      ),
      ...(loss === undefined ? {} : { counted: loss }),
      explains: (problem) => missed.has(problem),
    },
  ]
}

interface PortDrop extends PacketDrop {
  readonly port: number
  readonly protocol: string
}

function dropsOf(problem: Reported, node: string, lab: LabView): PortDrop[] {
  const { port = 0, protocol = 'TCP', requirement } = problem
  const packet = packetToPort(problem, node, lab)
  return packetDrops(lab, node, [packet], hooksBeforeDnat, requirement)
    .filter(
      ({ packets, ofListedSenders }) =>
        packets !== 0 && !(ofListedSenders === true && packet.source !== undefined && isHeard(lab)),
    )
    .map((drop) => ({ ...drop, port, protocol: protocol.toLowerCase() }))
}

const hooksBeforeDnat: readonly Hook[] = ['ingress', 'bridge-prerouting', 'bridge-input', 'prerouting']

/** Nodes hear each other by gossip, from the same addresses: none is on a list whose senders are dropped. */
const isHeard = (lab: LabView): boolean => lab.holds('CTL-02') || lab.holds('CTL-03')
