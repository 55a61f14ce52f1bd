import type { ObserveContext } from '../../../lib/conformance/context.ts'
import type { Measure } from '../../../lib/observation/judgement.ts'
import type { Polled } from '../../../lib/observation/polled.ts'
import { poll } from '../../../lib/poll.ts'

/**
 * From an update until a new task runs and is known on the other nodes. The documentation names no time; a task is
 * replaced by stop, grace period (1 s here), start and a round of gossip, all of which take seconds.
 */
export const effectiveWithinMs = 90_000

/** Looks at what a change must bring about until it is there, or the bound runs out. */
export function pollEffect<S>(
  { signal }: Pick<ObserveContext, 'signal'>,
  what: string,
  look: () => Promise<S>,
  problemsOf: (seen: S) => readonly unknown[],
): Promise<Polled<S>> {
  return poll(
    { what: `${what} takes effect`, withinMs: effectiveWithinMs, everyMs: 1000, signal },
    look,
    problemsOf,
  )
}

/** When one of several effects was there to stay: the first of the looks since which none saw a problem. */
export function effectSeconds<S>(
  { looks }: Pick<Polled<S>, 'looks'>,
  problemsOf: (seen: S) => readonly unknown[],
): number | undefined {
  const lastWith = looks.findLastIndex(({ seen }) => problemsOf(seen).length > 0)
  return looks[lastWith + 1]?.atSeconds
}

/** When an effect was there, as a figure; none where it never was. */
export function effectMeasure(what: string, seconds: number | undefined): Measure[] {
  const bound = effectiveWithinMs / 1000
  return seconds === undefined ? [] : [{ name: `${what} took effect`, value: seconds, unit: 's', bound }]
}
