import { inWords } from '../in-words.ts'
import { followsFromGossip, isOfGossip, notConnected } from '../gossip.ts'
import type { Path } from '../../observation/problem.ts'
import { culprits, describePairs, type LabView, pathsOf } from '../lab-view.ts'
import { isUnanswered } from '../neighbours.ts'
import type { Rule } from '../rule.ts'

/** A node gets no answer to ARP for another’s advertise address. */
function hasNoAnswer(lab: LabView, from: string, to: string): boolean {
  const address = lab.facts?.nodes.find(({ name }) => name === to)?.advertise.address
  return address !== undefined && isUnanswered(lab, from, address)
}

/** 7946/tcp is not open between hosts, 7946/udp mostly neither: nodes are told nothing of each other. */
export const gossipBlocked: Rule = {
  code: 'gossip-blocked',
  title: 'Gossip (7946) is blocked between hosts',
  severity: ['cause'],
  meaning:
    'Engines learn of each other’s tasks on 7946. A node that nobody reaches there is Ready all the same, for managers speak with it on 2377; but it is not told of services and tasks, and the others are not told of its own: names do not resolve, published ports are dead there, and kernels have no forwarding entries and no IPsec states for each other.',
  proof: [
    'Connections to 7946/tcp were not answered, by ordered pairs of nodes',
    'Gossip datagrams recorded leaving one node and not arriving, where UDP is blocked as well',
  ],
  silencedBy: [
    'Connections to 7946/tcp are answered: see `gossip-udp-blocked`',
    'The peer does not answer ARP either: then nothing at all passes between the two, whatever the port',
    'A graver finding explains it: the engine does not answer, a rule of a host’s own firewall counted, no route leads there',
  ],
  remedy: [
    'Allow 7946 for TCP and UDP between all nodes, both ways, in security groups and firewalls: `iptables -I INPUT -p tcp --dport 7946 -s SUBNET -j ACCEPT`, and the same for udp',
    'Look: `nc -vz ADDRESS 7946` from the others, `ss -ltn sport = :7946` on the node',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/30972',
      says: 'No peer but the manager itself was listed; the answer was to open 7946 by both protocols, and 4789.',
    },
  ],
  find(lab) {
    const isCutOff = ({ from, to }: Path): boolean => hasNoAnswer(lab, from, to) || hasNoAnswer(lab, to, from)
    const refused = notConnected(lab).filter((path) => !isCutOff(path))
    const problems = lab
      .problems()
      .filter((one) => isOfGossip(one) && !(one.path !== undefined && isCutOff(one.path)))
    if (refused.length === 0 || problems.length === 0) return []
    const pairs = pathsOf([...problems, ...refused.map((path) => ({ path }))])
    const nodes = culprits(pairs, lab.nodeNames, lab.facts)
    const others = problems.some(({ code }) => code.startsWith('gossip-'))
    const protocols = others ? '7946 (gossip), TCP and UDP,' : '7946/tcp (gossip)'
    const where = nodes.length > 0 ? ` on ${inWords(nodes)}` : ''
    return [
      {
        title: `${protocols} is blocked between hosts: ${describePairs(nodes, pairs)}`,
        cause:
          'Nodes tell each other where tasks are by gossip on 7946. Those that do not reach each other there are Ready all the same, and know nothing of each other’s services and tasks: names, published ports, balancers, forwarding entries and IPsec states are missing.',
        remedy: [
          `Allow 7946 for TCP and UDP from every other node${where}: \`iptables -I INPUT -p tcp --dport 7946 -s SUBNET -j ACCEPT\`, and the same for udp`,
          'Where no host drops it, a security group or a firewall between the hosts does: allow it there, in both directions',
          `Look: \`nc -vz ADDRESS 7946\` from the others${where === '' ? '' : `, \`ss -ltn sport = :7946\`${where}`}`,
        ],
        ...{ nodes, pairs },
        proof: [
          ...refused.slice(0, 4).map(({ from, to }) => `${from} → ${to}: no connection to 7946/tcp was made`),
          ...lab
            .problems('gossip-lost-on-the-way')
            .slice(0, 2)
            .map(
              ({ path, expected }) =>
                `${path?.from} → ${path?.to}: ${expected} gossip datagrams left, none arrived`,
            ),
        ],
        explains: followsFromGossip(lab, nodes),
      },
    ]
  },
  gravity: 112,
  ofTheRest: true,
}
