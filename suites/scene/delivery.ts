import { httpBody } from '../../lib/probe/http.ts'
import type { Observation } from '../../lib/probe/probe.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
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
