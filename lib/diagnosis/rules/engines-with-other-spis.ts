import { apartWhenEncrypted } from '../../topology/spi-rule.ts'
import { namedNodes } from '../named-hosts.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** The ledger shows it: an engine of one kind sends with an SPI that its peer of the other has no state for. */
export const enginesWithOtherSpis: Rule = (run) => {
  const apart = apartWhenEncrypted(run.lab.nodes.map(({ engineVersion }) => engineVersion))
  const reason = run.reason('ENC-03')
  if (apart === undefined || !run.failed('ENC-03') || !reason.includes('has no inbound state for'))
    return undefined
  const [some, others] = [apart.some.join(', '), apart.others.join(', ')]
  return finding({
    title: `Encrypted overlays carry nothing between engine ${some} and ${others}`,
    cause: `Engine ${some} derives the SPI of encrypted packets from the addresses of two nodes otherwise than ${others} does. A packet from one kind to the other carries an SPI its receiver has no state for, and the kernel drops it without a word. Clear overlays and gossip are not concerned, so names still resolve.`,
    remedy: [
      'Bring all nodes to the same engine, 29.2.1 or later (25.0.15 of the 25.0 series), one after another',
      'Until then keep tasks of encrypted networks on nodes of one kind, by placement constraints',
      '`ip xfrm state` on both nodes: the SPI one sends with, and those the other receives by',
    ],
    requirements: run.failedAmong('ENC-03', 'OVL-03', 'MTU-02', 'MTU-03'),
    hosts: namedNodes(reason, run.nodeNames),
    knownIssues: ['moby/moby#51798'],
  })
}
