import type { Rule } from '../rule.ts'

/** A UDP sender keeps what was decided about its first datagram, before the port was published. */
export const staleConntrack: Rule = {
  code: 'stale-conntrack',
  title: 'A sender that was sending before a UDP port was published is never answered',
  severity: ['cause'],
  meaning:
    'Rules that lead a published port on are asked about the first datagram of a sender only. One that was sending already is tracked to the node itself, and as long as it goes on from the same port the entry never ends: log drivers, syslog, metrics and telephones send for ever. Every new sender is answered, so a test by hand shows nothing.',
  proof: [
    'An entry of connection tracking for a published UDP port that was never answered and leads to the node itself, although a rule there leads the port to `ingress_sbox`',
    'It was renewed from one look to the next: somebody still sends',
  ],
  silencedBy: [
    'The entry was not renewed: nobody sends any more, and it ends by itself',
    'The kernel does not show its table (`/proc/net/nf_conntrack`)',
  ],
  remedy: [
    '`conntrack -D -p udp --dport PORT` on the node (package `conntrack`)',
    'Or start the sender again, or stop it for longer than `net.netfilter.nf_conntrack_udp_timeout`, 30 s',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/35135',
      says: 'A GELF log driver that logged before its stack was deployed reached no container; its entry was not answered.',
    },
    {
      url: 'https://github.com/moby/moby/pull/44742',
      says: 'Entries of UDP are made where nothing listens, and rules are not asked again; the engine clears them for ports of containers.',
    },
    {
      url: 'https://github.com/distribution/distribution/issues/3157',
      says: 'Syslog that arrived before a stack published 514 did not reach the swarm until the entry was deleted by hand.',
    },
  ],
  find: (lab) =>
    lab
      .problems('sender-tracked-past-mesh')
      .flatMap(({ node, port = 0, observed = 1, subject, address = '' }) =>
        node === undefined
          ? []
          : [
              {
                title: `What ${subject ?? `${observed} sender${observed === 1 ? '' : 's'}`} send${subject?.includes(',') === false || observed === 1 ? 's' : ''} to UDP ${port} of ${node} is never answered: connection tracking there is older than the published port`,
                cause: `The rule that leads UDP ${port} into the mesh is asked about the first datagram of a sender. Here it came before the port was published, and each one since renews the entry that leads to ${node} itself, where nothing answers. New senders are answered.`,
                remedy: [
                  `On ${node}: \`conntrack -D -p udp --dport ${port}\` (package conntrack)`,
                  'Or start the sender again: it sends from another port then; or stop it for longer than `net.netfilter.nf_conntrack_udp_timeout` (30 s)',
                ],
                nodes: [node],
                proof: [
                  `${node}: ${observed} entries [UNREPLIED] for ${address}:${port}/udp lead to ${node} itself and were renewed between two looks`,
                  ...(subject === undefined ? [] : [`senders among the nodes: ${subject}`]),
                ],
                explains: (problem) =>
                  problem.code === 'sender-tracked-past-mesh' &&
                  problem.node === node &&
                  problem.port === port,
              },
            ],
      ),
  gravity: 147,
}
