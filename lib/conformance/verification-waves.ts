import { isAlone } from './overlap.ts'
import type { OverlapBounds } from './overlap-bounds.ts'
import type { Suite } from './suite.ts'
import type { ConformanceTest } from './test.ts'

/** The waves of a lab: one requirement each where one is verified after another. */
export function wavesOf(
  { suites }: { readonly suites: readonly Suite[] },
  { requirements }: Pick<OverlapBounds, 'requirements'>,
): ConformanceTest[][] {
  const tests = suites.flatMap((suite) => suite.tests)
  return requirements === 1 ? tests.map((test) => [test]) : verificationWaves(tests)
}

/**
 * The order in which requirements are verified where they may overlap: wave by wave, each begun when the one before has
 * ended.
 *
 * 1. What changes nothing, in its order: the states that scenes read hold nothing that comes and goes, and figures are
 *    taken while nothing else is done.
 * 2. What changes services and networks of its own, side by side; first what may take longest.
 * 3. What changes them and must have quiet, in its order.
 * 4. What may disrupt the lab, in its order.
 */
export function verificationWaves(tests: readonly ConformanceTest[]): ConformanceTest[][] {
  const disruptive = tests.filter(({ safety }) => safety === 'lab')
  const safe = tests.filter(({ safety }) => safety !== 'lab')
  const still = safe.filter(({ changes }) => changes.length === 0)
  const changing = safe.filter(({ changes }) => changes.length > 0)
  const sideBySide = changing
    .filter((test) => test.quiet.length === 0 && !isAlone(test))
    .toSorted((one, other) => (other.timeLimitMs ?? 0) - (one.timeLimitMs ?? 0))
  const apart = changing.filter((test) => !sideBySide.includes(test))
  return [still, sideBySide, apart, disruptive].filter((wave) => wave.length > 0)
}
