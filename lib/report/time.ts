import type { LabRecord, RunRecord } from '../conformance/run-record.ts'
import { originName } from '../host/provider-table.ts'

/** `180 ms`, `2.1 s`, `3 min 05 s`, `1 h 02 min`. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return 'unknown'
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  return seconds < 3600
    ? `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`
    : `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`
}

/** `2001-02-03 22:15:00 UTC`; anything that is no time comes back as it is. */
export function instant(iso: string): string {
  const time = Date.parse(iso)
  return Number.isNaN(time) ? iso : `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** From start to end; a killed run ended, as far as is known, when its last step or requirement did. */
export function runMilliseconds(record: RunRecord): number {
  const start = Date.parse(record.startedAt)
  if (record.endedAt !== undefined) return Date.parse(record.endedAt) - start
  const ends = [...record.steps, ...record.requirements]
    .filter((part) => part.startedAt !== undefined)
    .map((part) => Date.parse(part.startedAt ?? '') + (part.durationMs ?? 0))
  return Math.max(start, ...ends.filter((end) => Number.isFinite(end))) - start
}

/** Where a lab came from. */
export function labOrigin(lab: LabRecord): string {
  if (lab.origin === undefined) return 'not built'
  const hosts = originName(lab.origin)
  if (lab.startedFrom === 'found') return `as it was found (${hosts})`
  if (lab.startedFrom === 'standing-lab') {
    const since = lab.standingSince === undefined ? 'before this run' : `on ${instant(lab.standingSince)}`
    return `saved lab, built ${since} (${hosts})`
  }
  return lab.startedFrom === 'template'
    ? `fresh, cloned from a template (${hosts})`
    : `fresh, cold boot (${hosts})`
}
