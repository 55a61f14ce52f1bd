import type { Observation } from '../../lib/probe/probe.ts'

/** What came of a probe, in words for a list of problems. */
export function outcomeText({ outcome, errno, elapsedMs }: Observation): string {
  const why = errno === undefined ? '' : ` (${errno})`
  if (outcome === 'timeout') return `no answer within ${(elapsedMs / 1000).toFixed(1)} s`
  if (outcome === 'too-big') return `refused locally as too big${why}`
  return `${outcome}${why}`
}
