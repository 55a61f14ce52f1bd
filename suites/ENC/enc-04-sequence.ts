import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { exchange } from '../scene/exchange-before.ts'
import { type EspFrame, espFrames } from '../scene/frames.ts'
import { orderedPairs } from '../scene/pair.ts'
import { internals, rfc } from '../source.ts'
import { inbound, type LedgerNode, outbound } from './ledger.ts'
import { ledgerNodes } from './ledger-nodes.ts'
import { sequenceProblems, type SpiFlow, spiFlow } from './spi-flow.ts'
import { encryptionForAdvertiseAddress } from '../known-issues.ts'

export const sequence = conformanceTest({
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
  async run(context) {
    const { cluster, stack, evidence } = context
    const nodes = ledgerNodes(stack, await context.state())
    const { recordings } = await exchange(context)
    const leaving = espFrames(recordings.values(), cluster.nodes).filter(({ egress }) => egress)
    const problems: string[] = []
    const flows: (SpiFlow & { readonly from: string; readonly to: string })[] = []
    for (const [from, to] of orderedPairs(nodes)) {
      const frames = leaving.filter(
        ({ outer }) => outer.source === from.address && outer.destination === to.address,
      )
      const where = `${from.name} → ${to.name}`
      if (frames.length === 0) problems.push(`${where}: no ESP packet left ${from.name}`)
      for (const flow of flowsOf(frames)) {
        flows.push({ ...flow, from: from.name, to: to.name })
        problems.push(
          ...[...spiProblems(flow.spi, from, to), ...sequenceProblems(flow)].map(
            (problem) => `${where}: ${problem}`,
          ),
        )
      }
    }
    evidence.observe(
      'ESP by SPI',
      flows.map(({ repeated, ...flow }) => ({ ...flow, repeated: repeated.length })),
    )
    evidence.packets(
      'ESP leaving the nodes, in order',
      leaving.slice(0, 200).map(({ packet }) => packet),
    )
    requireNone('ESP is sent with known SPIs and rising sequence numbers', problems)
    const packets = flows.reduce((sum, flow) => sum + flow.packets, 0)
    const late = flows.reduce((sum, flow) => sum + flow.late, 0)
    evidence.conclude(
      `${packets} ESP packets with ${flows.length} SPIs of the ledger, no sequence number repeated, ${late} overtaken`,
    )
  },
})

function flowsOf(frames: readonly EspFrame[]): SpiFlow[] {
  const bySpi = new Map<string, number[]>()
  for (const { esp } of frames) {
    const sequences = bySpi.get(esp.spi)
    if (sequences === undefined) bySpi.set(esp.spi, [esp.sequence])
    else sequences.push(esp.sequence)
  }
  return [...bySpi].map(([spi, sequences]) => spiFlow(spi, sequences))
}

function spiProblems(spi: string, from: LedgerNode, to: LedgerNode): string[] {
  const problems: string[] = []
  if (!outbound(from, to).some((state) => state.spi === spi))
    problems.push(`SPI ${spi} is on the wire, but ${from.name} has no outbound state with it`)
  if (!inbound(to, from).some((state) => state.spi === spi))
    problems.push(`SPI ${spi} is on the wire, but ${to.name} has no inbound state with it`)
  return problems
}
