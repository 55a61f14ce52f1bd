import { type Planned, type Sent, sendPlan } from '../../../lib/conformance/send-plan.ts'
import type { Probe, ProbeOptions } from '../../../lib/probe/probe.ts'

/** A request that is made so many times, each over a connection or from a socket of its own. */
export interface RepeatedRequest<T extends object> {
  readonly planned: Planned<T>
  readonly times: number
}

/**
 * Makes each request once, then all the others, in one call, so that those that time out wait side by side. Those of one
 * kind follow each other: all ports of a service share one turn of IPVS, so that asking two ports in turn would find one
 * task on each. What came of the first requests comes first.
 */
export function sendRepeatedly<T extends object>(
  probe: Probe,
  plan: readonly RepeatedRequest<T>[],
  options?: ProbeOptions,
): Promise<Sent<T>[]> {
  const once = plan.map(({ planned }) => planned)
  const others = plan.flatMap(({ planned, times }) =>
    Array.from({ length: Math.max(0, times - 1) }, () => planned),
  )
  return sendPlan(probe, [...once, ...others], options)
}
