import { formatDuration } from '../report/time.ts'
import type { Expectation, RequirementTime, StepTime, TimeProfile } from '../report/time-profile.ts'

const MOST_ROWS = 15

/** Where the time of a run went, for people: a row a step or requirement, the longest first. */
export function timeProfileLines(profile: TimeProfile): string {
  const { totalMs, betweenMs, steps, requirements, expectations } = profile
  // A step before the lab was known is of none.
  const labs = new Set([...steps, ...requirements].flatMap(({ lab }) => lab ?? []))
  const severalLabs = labs.size > 1
  return [
    `Time: ${formatDuration(totalMs)}, of it ${formatDuration(betweenMs)} in no step and no requirement`,
    ...(expectations ?? []).map(expectationText),
    ...section('Steps', steps, (step) => stepText(step, severalLabs)),
    ...section('Requirements', requirements, ({ id, lab }) => (severalLabs ? `${id} on ${lab}` : id)),
    '',
  ].join('\n')
}

function expectationText({ lab, expected, verified }: Expectation): string {
  const was = `Verifying ${lab}: expected ${expected.probes} probes and ${formatDuration(1000 * expected.seconds)}`
  if (verified === undefined) return `${was}; did not come to its end`
  const { probes, seconds } = verified
  const took = `${formatDuration(1000 * seconds)} (${apart(seconds, expected.seconds)})`
  return `${was}; sent ${probes} (${apart(probes, expected.probes)}), took ${took}`
}

function apart(actual: number, expected: number): string {
  if (expected === 0) return actual === 0 ? 'as expected' : 'none expected'
  const percent = Math.round((100 * (actual - expected)) / expected)
  return `${percent > 0 ? '+' : percent < 0 ? '−' : '±'}${Math.abs(percent)} %`
}

function section<Row extends StepTime | RequirementTime>(
  title: string,
  rows: readonly Row[],
  text: (row: Row) => string,
): string[] {
  if (rows.length === 0) return []
  const rest = rows.slice(MOST_ROWS)
  const restMs = rest.reduce((sum, { durationMs }) => sum + durationMs, 0)
  return [
    title,
    ...rows.slice(0, MOST_ROWS).map((row) => `${columns(row.durationMs, row.share)}  ${text(row)}`),
    ...(rest.length === 0 ? [] : [`  and ${rest.length} more, ${formatDuration(restMs)} in sum`]),
  ]
}

function columns(durationMs: number, share: number): string {
  return `  ${formatDuration(durationMs).padStart(11)}  ${`${Math.round(100 * share)} %`.padStart(5)}`
}

function stepText({ what, lab, times, hosts }: StepTime, severalLabs: boolean): string {
  const on = severalLabs && lab !== undefined ? ` on ${lab}` : ''
  const often = times > Math.max(1, hosts.length) ? ` (${times} times)` : ''
  const each = hosts.map(({ host, durationMs }) => `${host} ${formatDuration(durationMs)}`).join(', ')
  return `${what}${on}${often}${each === '' ? '' : `: ${each}`}`
}
