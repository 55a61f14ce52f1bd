import { median } from '../../median.ts'
import { outcomes, outcomeOrder } from '../outcome.ts'
import type { ShownOutcome } from '../outcome.ts'
import { coursesOf } from './changes.ts'
import type { Course } from './changes.ts'
import type { HistoryEntry } from './entry.ts'

/** One bar of the chart of outcomes: parts stand on each other, the worst at the bottom. In percent of its height. */
export interface Bar {
  readonly run: HistoryEntry
  readonly parts: readonly {
    readonly outcome: ShownOutcome
    readonly bottom: number
    readonly height: number
  }[]
}

/** A requirement that did not always pass. */
export interface TroubledCourse extends Course {
  /** Share of the runs that know it in which it passed, in percent. */
  readonly passedPercent: number
}

/** Verification of one requirement that takes much longer than it used to. */
export interface Slower {
  readonly id: string
  readonly lab: string
  readonly nowMs: number
  readonly medianMs: number
}

/** However few failed, they are seen. */
const leastPercent = 4

export function barsOf(runs: readonly HistoryEntry[]): Bar[] {
  const most = Math.max(1, ...runs.map(total))
  return runs.map((run) => {
    let bottom = 0
    const parts = outcomeOrder
      .filter((outcome) => run.counts[outcome] > 0)
      .map((outcome) => {
        const height = Math.max(leastPercent, (100 * run.counts[outcome]) / most)
        const part = { outcome, bottom, height }
        bottom += height
        return part
      })
    const scale = Math.min(1, 100 / Math.max(1, bottom))
    return {
      run,
      parts: parts.map((part) => ({ ...part, bottom: part.bottom * scale, height: part.height * scale })),
    }
  })
}

const total = ({ counts }: HistoryEntry): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

/** Those that failed or could not be known in any of these runs; the ones that are bad now first, of those what is new. */
export function troubled(runs: readonly HistoryEntry[]): TroubledCourse[] {
  const bad = (outcome: ShownOutcome | undefined): boolean => outcome === 'fail' || outcome === 'inconclusive'
  const rank = ({ outcomes: all }: Course): number => {
    const now = all.at(-1)
    return now === undefined ? outcomeOrder.length : outcomeOrder.indexOf(now)
  }
  return coursesOf(runs)
    .filter((course) => course.outcomes.some(bad))
    .map((course) => {
      const known = course.outcomes.filter((outcome) => outcome === 'pass' || outcome === 'fail')
      const passed = known.filter((outcome) => outcome === 'pass').length
      return { ...course, passedPercent: known.length === 0 ? 0 : Math.round((100 * passed) / known.length) }
    })
    .sort((a, b) => rank(a) - rank(b) || b.passedPercent - a.passedPercent)
}

/** The last run against the median of at least five before it: half as long again, and two seconds more. */
export function slower(runs: readonly HistoryEntry[]): Slower[] {
  return coursesOf(runs)
    .flatMap(({ id, lab, outcomes: all, durationsMs }) => {
      const times = durationsMs.filter((_, index) => all[index] === 'pass')
      const before = durationsMs
        .slice(0, -1)
        .filter((time, index): time is number => time !== undefined && all[index] === 'pass')
      const nowMs = all.at(-1) === 'pass' ? times.at(-1) : undefined
      if (nowMs === undefined || before.length < 5) return []
      const medianMs = median(before)
      return nowMs > 1.5 * medianMs && nowMs > medianMs + 2000 ? [{ id, lab, nowMs, medianMs }] : []
    })
    .sort((a, b) => b.nowMs - b.medianMs - (a.nowMs - a.medianMs))
}

/** The pass counts in one sentence: `✓ 43 of 45 now, between 38 and 43 in 30 runs`. */
export function passSentence(runs: readonly HistoryEntry[]): string {
  const current = runs.at(-1)
  if (current === undefined) return ''
  const passes = runs.map(({ counts }) => counts.pass)
  const now = `${outcomes.pass.symbol} ${current.counts.pass} of ${total(current)} passed`
  return runs.length === 1
    ? now
    : `${now}; between ${Math.min(...passes)} and ${Math.max(...passes)} in ${runs.length} runs`
}
