import type { HistoryEntry } from '../report/history/entry.ts'
import { changesOf } from '../report/history/changes.ts'
import { changeLines } from '../report/history/wording.ts'
import { formatDuration, instant } from '../report/time.ts'
import type { Style } from './terminal.ts'

/** The last runs of one series, oldest first, and what the newest changed. `runs` are comparable ones. */
export function historyLines(runs: readonly HistoryEntry[], last: number, style: Style): string {
  const shown = runs.slice(-last)
  const changes = changesOf(runs)
  const lines = changes === undefined ? [] : changeLines(changes)
  const paint = { new: style.red, fixed: style.green, unknown: style.yellow, flaky: style.yellow } as const
  const told =
    runs.length === 1
      ? ['  the first run of its kind: nothing to compare it with']
      : lines.map(({ kind, label, text }) => {
          const colour = kind in paint ? paint[kind as keyof typeof paint] : style.bold
          return `  ${colour(label)}${kind === 'none' ? ' ' : ': '}${text}`
        })
  return [style.bold(runs[0]?.series ?? ''), ...shown.map((run) => line(run, style)), ...told, ''].join('\n')
}

function line(run: HistoryEntry, style: Style): string {
  const paint = { conformant: style.green, 'not conformant': style.red, inconclusive: style.yellow }[
    run.conclusion
  ]
  const { pass, fail, skip, inconclusive, unreached } = run.counts
  const counts = `${pass} passed, ${fail} failed, ${skip} skipped, ${inconclusive} inconclusive${unreached > 0 ? `, ${unreached} not reached` : ''}`
  const commit = run.commit === undefined ? '' : `  ${run.commit.slice(0, 10)}`
  return `  ${instant(run.startedAt)}  ${paint(run.conclusion.padEnd(14))}  ${counts}  ${formatDuration(run.durationMs)}${style.dim(commit)}`
}
