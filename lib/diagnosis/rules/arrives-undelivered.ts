import { culprits, pathsOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/**
 * VXLAN leaves one node and is seen on the wire of the other, and no task there gets it: the node itself drops it. Where
 * a rule of its firewall shows it, `host-firewall-drops` has said so before.
 */
export const arrivesUndelivered: Rule = {
  code: 'arrives-undelivered',
  title: 'VXLAN arrives at a node and is not delivered there',
  severity: ['cause'],
  meaning:
    'The frames of other nodes are on the wire of this node and its tasks get none of them, while the other nodes reach each other. Whatever drops them is on the node itself: its firewall, a VXLAN device that does not expect their source, or an overlay that is not set up. No rule that counted them was found, or that would have been said.',
  proof: [
    'Frames of every ordered pair of nodes were seen leaving and arriving (CTL-04)',
    'Probes to or from this node on clear networks were not delivered, and those between the others were',
  ],
  silencedBy: [
    'CTL-04 does not hold, or was not verified',
    'The pairs that fail do not point to particular nodes',
    'A graver finding has explained them, such as `host-firewall-drops`',
  ],
  remedy: [
    'A rule that drops UDP 4789: `iptables -nvL INPUT`, `nft list ruleset`, `iptables-legacy -nvL`',
    'Does the VXLAN device count what comes in: `nsenter --net=/run/docker/netns/1-NETWORK ip -s link`',
    'Is the overlay complete there: `docker network inspect NETWORK`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/libnetwork/issues/2446',
      says: 'Behind NAT tcpdump on the host showed the replies, and the overlay’s namespace got none of them.',
    },
  ],
  find(lab) {
    if (!lab.holds('CTL-04')) return []
    const undelivered = lab
      .problems('not-delivered')
      .filter(({ path, network }) => path?.from !== path?.to && lab.networkNamed(network)?.encrypted !== true)
    const pairs = pathsOf(undelivered)
    const nodes = culprits(pairs, lab.nodeNames)
    if (nodes.length === 0) return []
    const names = nodes.join(' and ')
    const { dataPathPort } = lab.lab.topology.swarm
    return [
      {
        title: `VXLAN (UDP ${dataPathPort}) arrives at ${names} and is not delivered there`,
        cause: `Captures on ${names} show the frames that other nodes send, and its tasks get none of them; the other nodes reach each other. What drops them is on ${names} itself: its firewall, or an overlay that is not set up there. No rule that counted them was found.`,
        remedy: [
          `On ${names}: \`iptables -nvL INPUT\`, \`nft list ruleset\`, \`iptables-legacy -nvL\`: a rule that drops UDP ${dataPathPort}`,
          `\`docker network inspect NETWORK\` there, and \`nsenter --net=/run/docker/netns/1-NETWORK ip -s link\`: does the VXLAN device count what comes in`,
        ],
        ...{ nodes, pairs },
        networks: [...new Set(undelivered.flatMap(({ network }) => network ?? []))],
        proof: [
          'CTL-04: frames of every ordered pair of nodes were seen leaving one and arriving at the other',
          `${undelivered.length} probes between ${pairs.length} ordered pairs of nodes were not delivered, each to or from ${names}`,
        ],
        explains: ({ kind, path, node, network }) =>
          kind === 'missed' &&
          lab.networkNamed(network)?.encrypted !== true &&
          nodes.some((name) => name === path?.from || name === path?.to || name === node),
      },
    ]
  },
}
