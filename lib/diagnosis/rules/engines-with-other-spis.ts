import { apartWhenEncrypted } from '../../topology/spi-rule.ts'
import { pathsOf, placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** The ledger shows it: an engine of one kind sends with an SPI that its peer of the other has no state for. */
export const enginesWithOtherSpis: Rule = {
  code: 'engines-with-other-spis',
  title: 'Encrypted overlays carry nothing between engines that derive SPIs differently',
  severity: ['cause'],
  meaning:
    'Engines 25.0.13 and 25.0.14, 28.2.2, and 29.0.0 to 29.2.0 derive the SPI of encrypted packets from another form of the nodes’ addresses than all others. A packet from one kind to the other carries an SPI that its receiver does not know, and the kernel drops it silently. Clear overlays and gossip are not concerned, so names still resolve.',
  proof: [
    'Nodes of both kinds are in the swarm',
    'Packets were sent with an SPI that the receiving node has no inbound state for (ENC-03, ENC-04)',
  ],
  silencedBy: ['All engines are of one kind', 'Every SPI that was sent is known to its receiver'],
  remedy: [
    'Bring all nodes to one engine, 29.2.1 or later (25.0.15 of the 25.0 series), one after another; `docker node ls` shows the versions',
    'Until then keep tasks of encrypted networks on nodes of one kind: `docker service update --constraint-add node.labels.KIND==NAME SERVICE`',
    'Compare on two nodes: `ip xfrm state`, the SPI that one sends with and those that the other has',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/51798',
      says: 'Between 29.1.3 and 28.5.2 encrypted networks passed nothing while names resolved; two nodes of one version were fine.',
    },
    {
      url: 'https://github.com/moby/moby/pull/51963',
      says: 'The repair for 25.0: addresses are hashed in their 16-byte form again, as older engines do.',
    },
  ],
  find(lab) {
    const apart = apartWhenEncrypted(lab.lab.nodes.map(({ engineVersion }) => engineVersion))
    const unknown = lab.problems('spi-unknown-to-peer')
    if (apart === undefined || unknown.length === 0) return []
    const [some, others] = [apart.some.join(', '), apart.others.join(', ')]
    const pairs = pathsOf(unknown)
    return [
      {
        title: `Encrypted overlays carry nothing between engine ${some} and ${others}`,
        cause: `Engine ${some} derives the SPI of encrypted packets from the addresses of two nodes otherwise than ${others} does. A packet from one kind to the other carries an SPI its receiver has no state for, and the kernel drops it without a word. Clear overlays and gossip are not concerned, so names still resolve.`,
        remedy: [
          'Bring all nodes to the same engine, 29.2.1 or later (25.0.15 of the 25.0 series), one after another',
          'Until then keep tasks of encrypted networks on nodes of one kind, by placement constraints',
          '`ip xfrm state` on both nodes: the SPI one sends with, and those the other receives by',
        ],
        nodes: placesOf(unknown),
        pairs,
        proof: unknown
          .slice(0, 4)
          .map(
            ({ path, subject }) =>
              `${path?.from} → ${path?.to}: sent with SPI ${subject}, which ${path?.to} has no inbound state for`,
          ),
        explains: ({ code, path, protocol, network, kind }) =>
          code === 'spi-unknown-to-peer' ||
          code === 'spi-unknown-to-sender' ||
          (kind === 'missed' &&
            (protocol === 'ESP' || lab.networkNamed(network)?.encrypted === true) &&
            (path === undefined ||
              pairs.some(
                ({ from, to }) =>
                  (from === path.from && to === path.to) || (from === path.to && to === path.from),
              ))),
      },
    ]
  },
}
