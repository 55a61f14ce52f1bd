import type { RunRecord } from '../conformance/run-record.ts'
import { redact } from '../redact.ts'

/** Values below these keys are secret whatever they look like. */
const secretKey =
  /^(key|keys|secret|password|passwd|passphrase|token|.*(private|encryption|unlock)_?key|.*join_?tokens?)$/i

/**
 * A copy of any JSON-like value in which every text passed `redact()`, keys of objects included. Lines of a list
 * are redacted as one text, because a private key in a log spans many of them.
 */
export function redactValue(value: unknown): unknown {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) {
    const entries: readonly unknown[] = value
    return isLines(entries)
      ? redact(entries.join('\n')).split('\n')
      : entries.map((entry) => redactValue(entry))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      redact(key),
      secretKey.test(key) && holdsText(entry) ? '(redacted)' : redactValue(entry),
    ]),
  )
}

export function redactRecord(record: RunRecord): RunRecord {
  return redactValue(record) as RunRecord
}

/** Lines that themselves hold line breaks would come back as more lines: those are redacted one by one. */
function isLines(value: readonly unknown[]): value is readonly string[] {
  return value.length > 1 && value.every((entry) => typeof entry === 'string' && !entry.includes('\n'))
}

/** A number or a flag under such a key is no secret: `{ keys: 3 }` counts, it does not tell. */
function holdsText(value: unknown): boolean {
  if (typeof value === 'string') return value !== ''
  return Array.isArray(value) && value.some((entry) => typeof entry === 'string')
}
