import { type Planned, type Sent, sendPlan } from '../../../lib/conformance/send-plan.ts'
import type { Probe, ProbeOptions } from '../../../lib/probe/probe.ts'

/** A request that is made so many times, each over a connection or from a socket of its own. */
export interface Repeated<T extends object> {
  readonly planned: Planned<T>
  readonly times: number
}

/** For what is asked again although nothing had answered the first time. */
const stillSilentMs = 3000

/**
 * Makes each request once, then all the others side by side, so that those that time out wait together and not one after
 * another. Where the first timed out, the others of its kind wait less. Those of one kind follow each other: all ports of a
 * service share one turn of IPVS, so that asking two ports in turn would find one task on each.
 */
export async function sendRepeatedly<T extends object>(
  probe: Probe,
  plan: readonly Repeated<T>[],
  options?: ProbeOptions,
): Promise<Sent<T>[]> {
  const once = plan.map(({ planned }) => planned)
  const first = await sendPlan(probe, once, options)
  const others = plan.flatMap(({ planned, times }, index) => {
    const { request } = planned
    const timeoutMs = Math.min(stillSilentMs, request.timeoutMs ?? stillSilentMs)
    const wasSilent = first[index]?.probe.outcome === 'timeout'
    const again = wasSilent ? { ...planned, request: { ...request, timeoutMs } } : planned
    return Array.from({ length: Math.max(0, times - 1) }, () => again)
  })
  return others.length === 0 ? first : [...first, ...(await sendPlan(probe, others, options))]
}
