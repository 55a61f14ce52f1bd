import { type ClusterFacts, taskName, taskOf } from '../../lib/observation/facts.ts'
import { isUnsent, outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { SizedDatagram } from '../scene/recordings/sizes.ts'

/** Exactly the overlay's MTU must be answered, a byte more refused by the sender's own host. */
export function sizeProblem(datagram: SizedDatagram, facts: ClusterFacts): Problem[] {
  const { from, to, network, protocol, packetBytes, fits, probe } = datagram
  if (probe.outcome === (fits ? 'answered' : 'too-big')) return []
  const [sender, receiver] = [taskOf(facts, from), taskOf(facts, to)]
  const where = {
    path: { from: sender.node, to: receiver.node },
    ends: { from: taskName(sender), to: taskName(receiver) },
    network: facts.networks[network].name,
    protocol: protocol.toUpperCase(),
    subject: `${packetBytes} bytes`,
  }
  const observed = outcomeSeen(probe)
  if (fits && probe.outcome === 'too-big')
    return [{ ...where, code: 'full-size-refused', kind: 'seen', node: sender.node, observed }]
  const reached = isUnsent(probe) ? ({ reached: 'sender' } as const) : {}
  if (fits) return [{ ...where, code: 'full-size-unanswered', kind: 'missed', observed, ...reached }]
  return probe.outcome === 'answered'
    ? [{ ...where, code: 'oversize-passed', kind: 'seen', observed }]
    : [{ ...where, code: 'oversize-not-refused', kind: 'missed', observed }]
}
