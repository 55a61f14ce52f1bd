import type { Timestamp } from './packet.ts'

/** Dates that ECMAScript can write end here (year 275760). */
const LAST_SECOND = 8_640_000_000_000

/** ISO 8601 in UTC with as many decimals as the capture has: `2024-05-01T10:00:00.123456Z`. */
export function timestampText(time: Timestamp): string {
  const date = new Date(Math.min(time.seconds, LAST_SECOND) * 1000).toISOString().slice(0, -5)
  const digits = Math.min(9, Math.max(0, time.digits))
  if (digits === 0) return `${date}Z`
  return `${date}.${String(time.nanoseconds).padStart(9, '0').slice(0, digits)}Z`
}

/** Negative if `a` is the earlier one. */
export function compareTimestamps(a: Timestamp, b: Timestamp): number {
  return a.seconds - b.seconds || a.nanoseconds - b.nanoseconds
}
