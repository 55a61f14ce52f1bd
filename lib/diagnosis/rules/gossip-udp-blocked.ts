import { inWords } from '../in-words.ts'
import { followsFromGossip } from '../gossip.ts'
import { culprits, describePairs, pathsOf, type Reported } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** 7946/tcp is open, 7946/udp is not: the engines fall back to TCP, so that nothing else need fail for long. */
export const gossipUdpBlocked: Rule = {
  code: 'gossip-udp-blocked',
  title: 'Gossip by UDP (7946/udp) is blocked between hosts',
  severity: ['cause'],
  meaning:
    'Nodes tell each other where tasks are by gossip on 7946, over UDP and TCP. Without UDP they fall back to TCP, suspect each other again and again, and learn late or never of tasks that came or went: names that do not resolve on some nodes, forwarding entries that are missing. Nothing else need fail for a long time.',
  proof: [
    'Gossip datagrams recorded leaving one node and not arriving, or arriving and not answered',
    'Or the engine’s own log: UDP probes of a node failed while TCP reached it',
  ],
  silencedBy: [
    'CTL-02 fails: 7946/tcp is blocked as well, see `gossip-blocked`',
    'A rule of a host’s own firewall that counted: `host-firewall-drops` names it instead',
  ],
  remedy: [
    'Allow 7946 for UDP as well as TCP between all nodes: `iptables -I INPUT -p udp --dport 7946 -s SUBNET -j ACCEPT`, and the same in security groups',
    'Look: `tcpdump -ni any udp port 7946` on both ends',
    'What the engine says: `journalctl -u docker | grep memberlist`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/33721',
      says: 'Names failed from time to time; the log said that a node was reached by TCP but not by UDP.',
    },
    {
      url: 'https://github.com/moby/moby/issues/26946',
      says: 'Every other connection to a VIP failed, with the same warning about UDP in a worker’s log.',
    },
    {
      url: 'https://github.com/moby/moby/issues/30972',
      says: 'The manager was its own only peer on a network; a maintainer asked for 7946 by UDP and TCP, and 4789.',
    },
  ],
  find(lab) {
    const onTheWire = lab.problems('gossip-lost-on-the-way', 'gossip-unanswered')
    const told = lab.problems('udp-probes-failed')
    if (onTheWire.length + told.length === 0 || lab.fails('CTL-02')) return []
    const pairs = pathsOf([...onTheWire, ...told])
    const nodes = culprits(pairs, lab.nodeNames, lab.facts)
    const follows = followsFromGossip(lab, nodes)
    const tcp = lab.holds('CTL-02') ? ', 7946/tcp is not' : ''
    const isLost = onTheWire.some(({ code }) => code === 'gossip-lost-on-the-way')
    const deaf = unansweringNode(onTheWire)
    const whose = describePairs(nodes, pairs)
    return [
      {
        title:
          deaf === undefined
            ? isLost
              ? `7946/udp (gossip) is blocked between hosts${tcp}: ${whose}`
              : `Gossip by UDP (7946) goes unanswered${lab.holds('CTL-02') ? ', by TCP it does not' : ''}: ${whose}`
            : `Gossip by UDP (7946) arrives at ${deaf} and ${deaf} does not answer it`,
        cause: `${
          deaf === undefined
            ? ''
            : `The datagrams of other nodes were seen on the interface of ${deaf}, so that nothing between the hosts keeps them: ${deaf} drops them itself, or drops its answers, or its engine comes too late to them. `
        }Nodes find each other and tell where tasks are by gossip on 7946, over TCP and UDP. Without UDP they fall back to TCP, suspect each other again and again, and learn late or never of new tasks: names do not resolve on some nodes, forwarding entries are missing.`,
        remedy: [
          `Allow 7946 for UDP as well as TCP from every other node${nodes.length > 0 ? ` on ${inWords(nodes)}` : ''}: \`iptables -I INPUT -p udp --dport 7946 -s SUBNET -j ACCEPT\``,
          deaf === undefined
            ? 'Where no host drops it, a security group or a firewall between the hosts does: allow 7946/udp there, in both directions'
            : `If nothing drops it on ${deaf}: is it starved, \`uptime\` and \`vmstat 1 5\` there; do its answers leave, \`tcpdump -ni any udp port 7946\``,
          'The engine tells it too: `journalctl -u docker | grep memberlist`',
        ],
        ...{ nodes, pairs },
        proof: [...onTheWire, ...told]
          .slice(0, 4)
          .map(({ code, path, node, expected, observed, subject }) =>
            code === 'udp-probes-failed'
              ? `the engine of ${node}: UDP probes of ${subject} failed while TCP reached it`
              : code === 'gossip-unanswered'
                ? `${path?.from} → ${path?.to}: ${expected} gossip datagrams arrived, ${observed} were answered over UDP`
                : `${path?.from} → ${path?.to}: ${expected} gossip datagrams left, none arrived`,
          ),
        explains: (problem) =>
          follows(problem) ||
          (/^(DSC|VXL-06|LB-02)/.test(problem.requirement) && problem.code !== 'answered-by-another'),
      },
    ]
  },
  gravity: 140,
  ofTheRest: true,
}

/** The one node at which gossip arrives by all that was seen on the wire, and which does not answer. */
function unansweringNode(onTheWire: readonly Reported[]): string | undefined {
  const places = new Set(onTheWire.map(({ path }) => path?.to))
  const [place, ...others] = places
  return others.length === 0 && onTheWire.every(({ code }) => code === 'gossip-unanswered')
    ? place
    : undefined
}
