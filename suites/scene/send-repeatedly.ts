import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import type { Probe, ProbeOptions } from '../../lib/probe/probe.ts'

/** A request that is made so many times, each over a connection or from a socket of its own. */
export interface Repeated<T extends object> {
  readonly planned: Planned<T>
  readonly times: number
}

/** For what is asked again although nothing had answered the first time. */
const stillSilentMs = 3000

/**
 * Makes each request once, then all the others side by side, so that those that time out wait together and not one after
 * another. Where the first timed out, the others of its kind wait less.
 */
export async function sendRepeatedly<T extends object>(
  probe: Probe,
  plan: readonly Repeated<T>[],
  options?: ProbeOptions,
): Promise<Sent<T>[]> {
  const once = plan.map(({ planned }) => planned)
  const first = await sendPlan(probe, once, options)
  const wait = once.map(({ request }, index) =>
    first[index]?.probe.outcome === 'timeout'
      ? { ...request, timeoutMs: Math.min(stillSilentMs, request.timeoutMs ?? stillSilentMs) }
      : request,
  )
  const rounds = Math.max(0, ...plan.map(({ times }) => times))
  const others = Array.from({ length: rounds }, (_, round) =>
    once.flatMap((entry, index): Planned<T>[] => {
      const request = wait[index]
      return round === 0 || round >= (plan[index]?.times ?? 0) || request === undefined
        ? []
        : [{ ...entry, request }]
    }),
  ).flat()
  return others.length === 0 ? first : [...first, ...(await sendPlan(probe, others, options))]
}
