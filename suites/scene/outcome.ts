import type { Observation } from '../../lib/probe/probe.ts'

/** What came of a probe, in words for a list of problems. */
export function outcomeText({ outcome, errno, elapsedMs }: Observation): string {
  const why = errno === undefined ? '' : ` (${errno})`
  switch (outcome) {
    case 'timeout':
      return `no answer within ${(elapsedMs / 1000).toFixed(1)} s`
    case 'refused':
      return `refused${why}`
    case 'unreachable':
      return `unreachable${why}`
    case 'too-big':
      return `refused locally as too big${why}`
    case 'error':
      return `error${why}`
    default:
      return outcome
  }
}
