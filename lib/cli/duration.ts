import { InvalidArgumentError } from 'commander'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `90s`, `3m`, `500ms`, `1h`, or plain seconds, as milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim())
  const valueMs = Number(match?.[1]) * (unitMs[match?.[2] ?? 's'] ?? Number.NaN)
  if (!Number.isFinite(valueMs) || valueMs <= 0) {
    throw new InvalidArgumentError(`'${text}' is not a duration; write e.g. 90s, 3m or 1h.`)
  }
  return valueMs
}
