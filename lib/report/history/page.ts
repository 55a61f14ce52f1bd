import { Eta } from 'eta'
import { redactValue } from '../../redact-value.ts'
import { plural } from '../headline.ts'
import { pageStyle } from '../html/style.ts'
import { outcomeOrder, outcomes } from '../outcome.ts'
import type { OutcomeStyle, ShownOutcome } from '../outcome.ts'
import { escapeMarkup } from '../../printable.ts'
import { formatDuration, instant } from '../time.ts'
import { changesOf, comparable } from './changes.ts'
import type { HistoryEntry } from './entry.ts'
import type { History } from './history-file.ts'
import { historyStyle } from './style.ts'
import * as template from './template.ts'
import { median } from '../../median.ts'
import { barsOf, passSentence, slower, troubled } from './trend.ts'
import { changeLines, date } from './wording.ts'

export interface HistoryPageOptions {
  /** Relative address of the report of the newest run, if it lies beside the page. */
  readonly latestReport?: string
}

/** How many runs the charts, the strips of single requirements and the table show. */
const shown = { bars: 60, strip: 20, rows: 100 } as const

const eta = new Eta({ escapeFunction: escapeMarkup, autoTrim: false })
for (const [name, text] of Object.entries(template)) eta.loadTemplate(`@${name}`, text)

/**
 * What came of the runs so far, as one HTML page without scripts that asks the network for nothing. The series that
 * ran last comes first.
 */
export function renderHistory(history: History, options: HistoryPageOptions = {}): string {
  const { entries, notes } = redactValue(history)
  const newest = entries.toReversed()
  const names = [...new Set(newest.map(({ series }) => series))]
  const series = names.map((name) =>
    seriesView(entries, newest.find((entry) => entry.series === name) as HistoryEntry),
  )
  return eta.render('@historyPage', {
    style: pageStyle + historyStyle,
    series,
    notes,
    runs: plural(entries.length, 'run'),
    several: series.length > 1,
    latestReport: options.latestReport,
    latest: newest[0]?.runId,
  })
}

function seriesView(entries: readonly HistoryEntry[], current: HistoryEntry): object {
  const runs = comparable(entries, current)
  const changes = changesOf(runs)
  const charted = runs.slice(-shown.bars)
  const stripped = runs.slice(-shown.strip)
  const longest = Math.max(1, ...charted.map(({ durationMs }) => durationMs))
  const several = current.labs.length > 1
  const named = ({ id, lab }: { id: string; lab: string }): string => (several ? `${id} (${lab})` : id)
  return {
    name: current.series,
    current: runView(current),
    lines: changes === undefined ? [] : changeLines(changes),
    first: runs.length === 1,
    bars: barsOf(charted).map(({ run, parts }) => ({ ...runView(run), parts })),
    passSentence: passSentence(charted),
    times: charted.map((run) => ({ ...runView(run), height: (100 * run.durationMs) / longest })),
    timeSentence: timeSentence(charted),
    from: date(charted[0] ?? current),
    to: date(current),
    stripRuns: stripped.length,
    courses: troubled(stripped).map((course) => ({
      name: named(course),
      passedPercent: course.passedPercent,
      cells: course.outcomes.map((outcome, index) => cell(outcome, stripped[index] as HistoryEntry)),
    })),
    slower: slower(runs)
      .slice(0, 8)
      .map((one) => ({
        name: named(one),
        now: formatDuration(one.nowMs),
        median: formatDuration(one.medianMs),
      })),
    rows: runs.toReversed().slice(0, shown.rows).map(runView),
    older: Math.max(0, runs.length - shown.rows),
  }
}

interface RunView {
  readonly run: HistoryEntry
  readonly tone: 'fail' | 'inconclusive' | 'pass'
  readonly title: string
  readonly when: string
  readonly took: string
  readonly counts: readonly { outcome: ShownOutcome; style: OutcomeStyle; count: number }[]
  readonly engines: string
  readonly commit: string
  /** Only the web's own schemes. */
  readonly href: string | undefined
  readonly tooltip: string
}

const tones = { 'not conformant': 'fail', inconclusive: 'inconclusive', conformant: 'pass' } as const

function runView(run: HistoryEntry): RunView {
  const word = run.conclusion.charAt(0).toUpperCase() + run.conclusion.slice(1)
  const counts = outcomeOrder
    .filter((outcome) => run.counts[outcome] > 0)
    .map((outcome) => ({ outcome, style: outcomes[outcome], count: run.counts[outcome] }))
  const ended = {
    finished: '',
    running: ', killed',
    interrupted: ', interrupted',
    'out-of-time': ', out of time',
    'harness-failed': ', the harness failed',
  }
  return {
    run,
    tone: tones[run.conclusion],
    title: `${word}${ended[run.state]}`,
    when: instant(run.startedAt),
    took: formatDuration(run.durationMs),
    counts,
    engines: [...new Set(run.labs.flatMap(({ engines }) => engines))].join(', ') || 'not reached',
    commit: run.commit?.slice(0, 10) ?? '',
    href: run.link !== undefined && /^https?:\/\//.test(run.link) ? run.link : undefined,
    tooltip: `${instant(run.startedAt)}: ${counts.map(({ style: { word: name }, count }) => `${count} ${name}`).join(', ')}; took ${formatDuration(run.durationMs)}`,
  }
}

function cell(outcome: ShownOutcome | undefined, run: HistoryEntry): object {
  if (outcome === undefined)
    return { outcome: 'absent', symbol: '', tooltip: `${date(run)}: not in this run` }
  return { outcome, symbol: outcomes[outcome].symbol, tooltip: `${date(run)}: ${outcomes[outcome].word}` }
}

function timeSentence(runs: readonly HistoryEntry[]): string {
  const times = runs.map(({ durationMs }) => durationMs)
  const now = `${formatDuration(times.at(-1) ?? 0)} now`
  return times.length === 1
    ? now
    : `${now}, median ${formatDuration(median(times))}, longest ${formatDuration(Math.max(...times))}`
}
