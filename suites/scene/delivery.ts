import { httpBody } from '../../lib/probe/http.ts'
import type { Observation } from '../../lib/probe/probe.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { type ClusterFacts, taskName, taskOf } from '../../lib/observation/facts.ts'
import { outcomeSeen, type ProbeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { Exchanged } from './exchange.ts'
import { outcomeText } from './outcome.ts'

/** A probe to a task's own address. */
export interface Delivery {
  readonly to: Task
  readonly protocol: 'icmp' | 'udp' | 'tcp'
  readonly observation: Observation
}

/** Why a probe did not reach the very task it was sent to; undefined if it did. */
export function deliveryProblem({ to, protocol, observation }: Delivery): string | undefined {
  const name = protocol.toUpperCase()
  if (observation.outcome !== 'answered') return `${name} ${outcomeText(observation)}`
  const reply = observation.replies[0]
  const { request } = observation
  if (protocol === 'udp' && request.kind === 'udp' && !reply?.equals(request.payload)) {
    return 'UDP came back with other bytes than were sent'
  }
  if (protocol === 'tcp') {
    const answered = httpBody(reply)?.trim()
    if (answered !== to.hostname) return `TCP answered by '${answered ?? 'no HTTP'}', expected ${to.hostname}`
  }
  return undefined
}

/** What is wrong with a probe of the exchange, with its pair, network and protocol; undefined if it was delivered. */
export function exchangeProblem(
  { from, to, network, protocol, probe }: Exchanged,
  facts: ClusterFacts,
): Problem | undefined {
  const [sender, receiver] = [taskOf(facts, from), taskOf(facts, to)]
  return undelivered(probe, receiver.hostname, {
    path: { from: sender.node, to: receiver.node },
    ends: { from: taskName(sender), to: taskName(receiver) },
    network: facts.networks[network].name,
    protocol: protocol.toUpperCase(),
  })
}

/** Why a probe did not reach the very task it was sent to, with where that is; undefined if it did. */
export function undelivered(
  probe: ProbeSeen,
  hostname: string,
  where: Omit<Problem, 'code' | 'kind'>,
): Problem | undefined {
  if (probe.outcome !== 'answered')
    return { ...where, code: 'not-delivered', kind: 'missed', observed: outcomeSeen(probe) }
  if (probe.echoed === false) return { ...where, code: 'altered-on-the-way', kind: 'seen' }
  const [answered = 'no HTTP'] = probe.replies
  return probe.kind === 'tcp' && answered !== hostname
    ? { ...where, code: 'answered-by-another', kind: 'seen', expected: hostname, observed: answered }
    : undefined
}
