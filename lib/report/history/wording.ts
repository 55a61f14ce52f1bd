import { plural } from '../headline.ts'
import type { Changes, Named } from './changes.ts'
import type { HistoryEntry } from './entry.ts'

/** What changed, as sentences without markup; the most urgent first. Empty where there is nothing to compare. */
export interface ChangeLine {
  readonly kind: 'new' | 'fixed' | 'unknown' | 'still' | 'flaky' | 'environment' | 'none'
  readonly label: string
  readonly text: string
}

export function changeLines(changes: Changes): ChangeLine[] {
  const { previous, current } = changes
  if (previous === undefined) return []
  const several = current.labs.length > 1
  const named = ({ id, lab }: Named): string => (several ? `${id} (${lab})` : id)
  const list = <T extends Named>(all: readonly T[], more: (one: T) => string = () => ''): string => {
    const shown = all.slice(0, 12).map((one) => `${named(one)}${more(one)}`)
    return [...shown, ...(all.length > 12 ? [`and ${all.length - 12} more`] : [])].join(', ')
  }
  const lines: ChangeLine[] = []
  const add = (kind: ChangeLine['kind'], label: string, text: string): void => {
    if (text !== '') lines.push({ kind, label, text })
  }
  add(
    'new',
    `New since ${dayOf(previous, current)}`,
    list(changes.newFailures, ({ lastPassed }) =>
      lastPassed === undefined
        ? ', never seen to pass'
        : lastPassed === previous
          ? ''
          : `, last passed on ${date(lastPassed)}`,
    ),
  )
  add('fixed', `Fixed since ${dayOf(previous, current)}`, list(changes.fixed))
  add('unknown', 'No longer known', list(changes.unknown))
  add(
    'still',
    'Still failing',
    list(changes.stillFailing, ({ since, runs }) => `, since ${date(since)} (${plural(runs, 'run')})`),
  )
  add(
    'flaky',
    'Flaky',
    list(changes.flaky, (one) => `, changed ${one.changes} times in ${plural(one.runs, 'run')}`),
  )
  add('environment', 'Also changed', changes.environment.join('; '))
  const quiet = changes.newFailures.length + changes.fixed.length + changes.unknown.length === 0
  if (quiet) {
    const first = { kind: 'none', label: 'No change', text: `since ${dayOf(previous, current)}` } as const
    return [first, ...lines]
  }
  return lines
}

/** `yesterday`, or the day of the run that was compared with. */
function dayOf(previous: HistoryEntry, current: HistoryEntry): string {
  const day = (entry: HistoryEntry): number => Math.floor(Date.parse(entry.startedAt) / 86_400_000)
  const days = day(current) - day(previous)
  if (days === 0) return `the run before (${time(previous)})`
  return days === 1 ? 'yesterday' : date(previous)
}

/** `2001-02-03` */
export const date = ({ startedAt }: Pick<HistoryEntry, 'startedAt'>): string => iso(startedAt).slice(0, 10)

const time = ({ startedAt }: HistoryEntry): string => `${iso(startedAt).slice(11, 16)} UTC`

function iso(startedAt: string): string {
  const at = Date.parse(startedAt)
  return Number.isNaN(at) ? startedAt : new Date(at).toISOString()
}
