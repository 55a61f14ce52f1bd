import { apartWhenEncrypted } from '../../topology/spi-rule.ts'
import { pathsOf, placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** The ledger shows it: an engine of one kind sends with an SPI that its peer of the other has no state for. */
export const enginesWithOtherSpis: Rule = {
  code: 'engines-with-other-spis',
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
        knownIssues: ['moby/moby#51798'],
      },
    ]
  },
  gravity: 130,
}
