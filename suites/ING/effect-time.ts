import type { Measure } from '../../lib/observation/judgement.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import { effectiveWithinMs } from '../scene/effects.ts'

/** When one of several effects was there to stay: the first of the looks since which none saw a problem. */
export function secondsUntil<S>(
  { looks }: Pick<Polled<S>, 'looks'>,
  problemsOf: (seen: S) => readonly unknown[],
): number | undefined {
  const lastWith = looks.findLastIndex(({ seen }) => problemsOf(seen).length > 0)
  return looks[lastWith + 1]?.atSeconds
}

export function effectMeasure(what: string, seconds: number | undefined): Measure[] {
  return seconds === undefined
    ? []
    : [{ name: `${what} took effect`, value: seconds, unit: 's', bound: effectiveWithinMs / 1000 }]
}
