import type { ShownOutcome } from '../outcome.ts'
import type { HistoryEntry } from './entry.ts'

/** What one requirement did on one lab, run after run. */
export interface Course {
  readonly id: string
  readonly lab: string
  /** One for each run of the series, oldest first; undefined where the run did not have it. */
  readonly outcomes: readonly (ShownOutcome | undefined)[]
  readonly durationsMs: readonly (number | undefined)[]
}

/** How the last run of a series differs from those before it. */
export interface Changes {
  readonly current: HistoryEntry
  /** The run before; without one nothing can be new. */
  readonly previous?: HistoryEntry
  /** Failed now; when it was last known, it passed, or it never was known. */
  readonly newFailures: readonly (Named & { readonly lastPassed?: HistoryEntry })[]
  readonly stillFailing: readonly (Named & { readonly since: HistoryEntry; readonly runs: number })[]
  /** Passed now, and failed when it was last known. */
  readonly fixed: readonly Named[]
  /** Known in the run before, and not now: inconclusive, never reached, or not in the run at all. */
  readonly unknown: readonly Named[]
  /** Went to and fro although nothing that is known had changed. */
  readonly flaky: readonly (Named & { readonly changes: number; readonly runs: number })[]
  /** What else is different from the run before: engines, kernels, swarmproof. */
  readonly environment: readonly string[]
}

export interface Named {
  readonly id: string
  readonly lab: string
}

/** How far back flakiness is looked for. */
const flakyRuns = 10

/**
 * The runs that may be compared with the last one: of its series, and on hosts of the same origin wherever both
 * know it. Oldest first, the last one last.
 */
export function comparable(entries: readonly HistoryEntry[], current: HistoryEntry): HistoryEntry[] {
  const earlier = entries.filter(
    (entry) =>
      entry.runId !== current.runId &&
      entry.series === current.series &&
      Date.parse(entry.startedAt) <= Date.parse(current.startedAt) &&
      entry.labs.every(({ name, origin }) => {
        const now = current.labs.find((lab) => lab.name === name)?.origin
        return origin === undefined || now === undefined || origin === now
      }),
  )
  return [...earlier, current]
}

/** One course for each requirement and lab of any of the runs, in the order of the newest run that has it. */
export function coursesOf(runs: readonly HistoryEntry[]): Course[] {
  const named = new Map<string, Named>()
  for (const { verdicts } of runs.toReversed()) {
    for (const { id, lab } of verdicts) {
      const key = JSON.stringify([id, lab])
      if (!named.has(key)) named.set(key, { id, lab })
    }
  }
  const byRun = runs.map(
    ({ verdicts }) =>
      new Map(verdicts.map((verdict) => [JSON.stringify([verdict.id, verdict.lab]), verdict])),
  )
  return [...named].map(([key, { id, lab }]) => ({
    id,
    lab,
    outcomes: byRun.map((verdicts) => verdicts.get(key)?.outcome),
    durationsMs: byRun.map((verdicts) => verdicts.get(key)?.durationMs),
  }))
}

/** `runs` are comparable ones, oldest first; the changes are those of the last. */
export function changesOf(runs: readonly HistoryEntry[]): Changes | undefined {
  const current = runs.at(-1)
  if (current === undefined) return undefined
  const previous = runs.at(-2)
  const courses = coursesOf(runs)
  const now = ({ outcomes }: Course): ShownOutcome | undefined => outcomes.at(-1)
  const known = ({ outcomes }: Course): number => outcomes.slice(0, -1).findLastIndex(isKnown)
  const before = (course: Course): ShownOutcome | undefined => course.outcomes[known(course)]
  const failing = courses.filter((course) => now(course) === 'fail')
  return {
    current,
    ...(previous === undefined ? {} : { previous }),
    newFailures:
      previous === undefined
        ? []
        : failing
            .filter((course) => before(course) !== 'fail')
            .map((course) => {
              const lastPassed = runs[course.outcomes.lastIndexOf('pass')]
              return { ...name(course), ...(lastPassed === undefined ? {} : { lastPassed }) }
            }),
    stillFailing: failing.filter((course) => before(course) === 'fail').map((course) => streak(course, runs)),
    fixed: courses.filter((course) => now(course) === 'pass' && before(course) === 'fail').map(name),
    unknown: courses.filter((course) => !isSettled(now(course)) && isKnown(course.outcomes.at(-2))).map(name),
    flaky: courses.flatMap((course) => flakiness(course, runs)),
    environment: previous === undefined ? [] : differences(previous, current),
  }
}

const name = ({ id, lab }: Course): Named => ({ id, lab })

/** A verdict on the network. */
const isKnown = (outcome: ShownOutcome | undefined): boolean => outcome === 'pass' || outcome === 'fail'

const isSettled = (outcome: ShownOutcome | undefined): boolean => isKnown(outcome) || outcome === 'skip'

/** Since when it fails: back over failures and over runs that could not know. */
function streak(course: Course, runs: readonly HistoryEntry[]): Changes['stillFailing'][number] {
  const passed = course.outcomes.lastIndexOf('pass')
  const first = course.outcomes.indexOf('fail', passed + 1)
  const failures = course.outcomes.slice(first).filter((outcome) => outcome === 'fail').length
  return { ...name(course), since: runs[first] as HistoryEntry, runs: failures }
}

/** A change is unexplained where neither the commit nor anything else that is known differs. */
function flakiness(course: Course, runs: readonly HistoryEntry[]): Changes['flaky'][number][] {
  const from = Math.max(0, runs.length - flakyRuns)
  const known = course.outcomes
    .map((outcome, index) => ({ outcome, run: runs[index] as HistoryEntry, index }))
    .filter(({ outcome, index }) => index >= from && isKnown(outcome))
  let changes = 0
  for (const [index, { outcome, run }] of known.entries()) {
    const earlier = known[index - 1]
    if (earlier === undefined || earlier.outcome === outcome) continue
    const explained = earlier.run.commit !== run.commit || differences(earlier.run, run).length > 0
    if (!explained) changes += 1
  }
  return changes < 2 ? [] : [{ ...name(course), changes, runs: known.length }]
}

function differences(before: HistoryEntry, now: HistoryEntry): string[] {
  const found: string[] = []
  if (before.swarmproofVersion !== now.swarmproofVersion) {
    found.push(`swarmproof ${before.swarmproofVersion} → ${now.swarmproofVersion}`)
  }
  for (const lab of now.labs) {
    const old = before.labs.find((other) => other.name === lab.name)
    const on = now.labs.length > 1 ? ` on ${lab.name}` : ''
    for (const [what, key] of [
      ['Docker', 'engines'],
      ['kernel', 'kernels'],
    ] as const) {
      const [was, is] = [old?.[key].join(', ') ?? '', lab[key].join(', ')]
      if (was !== '' && is !== '' && was !== is) found.push(`${what} ${was} → ${is}${on}`)
    }
  }
  return found
}
