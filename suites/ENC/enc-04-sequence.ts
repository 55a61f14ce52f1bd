import { requirement } from '../../lib/conformance/test.ts'
import { refOf, type SeenFrame, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { internals, rfc } from '../source.ts'
import { encryptionForAdvertiseAddress } from '../known-issues.ts'
import { inboundStates, type LedgerNode, outboundStates } from './ledger.ts'
import { ledgerNodes } from './ledger-nodes.ts'
import { sequenceProblems, type SpiFlow, spiFlow } from './spi-flow.ts'

export const sequence = requirement({
  id: 'ENC-04',
  requirement: 'SPIs on the wire are SPIs of the SA ledger; sequence numbers per SPI rise without repeats.',
  source: [internals('Encryption'), rfc(4303, '2.2, 3.3.3')],
  safety: 'production',
  needs: ['two-nodes', 'encrypted-overlay'],
  knownIssues: [encryptionForAdvertiseAddress],
  method:
    'ESP packets are recorded as they leave each node while tasks of the encrypted network talk. Each SPI must be an outbound state of the sender and an inbound state of the receiver, for that direction. Per SPI no sequence number may be seen twice, and they must rise: a packet overtaken by fewer than 64 others (the usual anti-replay window) is counted, not judged, because processors of a sender may overtake each other.',
  usualCauses: [
    'keys were rotated on one side only, so that a node sends with an SPI its peer has dropped',
    'something between the hosts or a queueing discipline repeats packets',
    'a machine was resumed from a snapshot and repeats what it had sent: restart its engine',
  ],
  remedy: [
    'ip -s xfrm state | grep -E "^src|spi|oseq" on sender and receiver: compare SPIs (never paste keys)',
    'tc qdisc show: look for netem duplicate or reorder',
    'restart the engine of the node whose SPIs differ',
  ],
  codes: [
    'no-esp-left',
    'spi-unknown-to-peer',
    'spi-unknown-to-sender',
    'sequence-repeated',
    'sequence-not-rising',
  ],
  changes: [],
  quiet: [],
  reads: [exchange, kernel],
  observe: async (lab) => ({ exchange: await lab.scene(exchange), kernel: await lab.scene(kernel) }),
  judge({ exchange: { wires }, kernel: states }, facts) {
    const network = facts.networks.secret.name
    const ledger = ledgerNodes(facts, states)
    const { got, missing, unseen } = part(wires, 'capture')
    const leaving = seenFrames(got.values()).filter(({ egress, esp }) => egress && esp !== undefined)
    const pairs = nodePairs(
      facts,
      [...ledger.got.values()].filter(({ name }) => got.has(name)),
      ({ name }) => name,
    ).map(([from, to]) => ({
      ...{ from, to },
      flows: flowsOf(
        leaving.filter(({ seenOn, outer }) => seenOn === from.name && outer?.destination === to.address),
      ),
    }))
    const flows = pairs.flatMap(({ from, to, flows: own }) =>
      own.map((flow) => ({ ...flow, from: from.name, to: to.name, repeated: flow.repeated.length })),
    )
    const packets = flows.reduce((sum, flow) => sum + flow.packets, 0)
    const late = flows.reduce((sum, flow) => sum + flow.late, 0)
    return judgement({
      problems: pairs.flatMap(({ from, to, flows: own }): Problem[] => {
        const where = { path: { from: from.name, to: to.name }, network }
        if (own.length === 0) return [{ ...where, code: 'no-esp-left', kind: 'missed' }]
        return own.flatMap((flow) => [
          ...spiProblems(flow.spi, from, to),
          ...sequenceProblems(flow).map((problem): Problem => ({ ...where, node: from.name, ...problem })),
        ])
      }),
      missing: [...missing, ...ledger.missing],
      unseen: [...unseen, ...ledger.unseen],
      tables: { 'ESP by SPI': flows },
      packets: { 'ESP leaving the nodes, in order': leaving.slice(0, 200).map(refOf) },
      conclusion:
        packets === 0
          ? ''
          : `${packets} ESP packets with ${flows.length} SPIs of the ledger, no sequence number repeated, ${late} overtaken`,
    })
  },
})

function flowsOf(frames: readonly SeenFrame[]): SpiFlow[] {
  const bySpi = new Map<string, number[]>()
  for (const { esp } of frames)
    if (esp !== undefined) bySpi.set(esp.spi, [...(bySpi.get(esp.spi) ?? []), esp.sequence])
  return [...bySpi].map(([spi, sequences]) => spiFlow(spi, sequences))
}

function spiProblems(spi: string, from: LedgerNode, to: LedgerNode): Problem[] {
  const where = { kind: 'seen', path: { from: from.name, to: to.name }, subject: spi } as const
  return [
    ...(outboundStates(from, to).some((state) => state.spi === spi)
      ? []
      : [{ ...where, code: 'spi-unknown-to-sender' as const, node: from.name }]),
    ...(inboundStates(to, from).some((state) => state.spi === spi)
      ? []
      : [{ ...where, code: 'spi-unknown-to-peer' as const, node: to.name }]),
  ]
}
