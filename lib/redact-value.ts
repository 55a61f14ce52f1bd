import { redact, redactLines } from './redact.ts'

/** Values below these keys are secret whatever they look like. */
const secretKey =
  /^(key|keys|secret|password|passwd|passphrase|token|.*(private|encryption|unlock)_?key|.*join_?tokens?)$/i

/**
 * A copy of any JSON-like value in which every text passed `redact()`, keys of objects included. Of the same shape:
 * a text stays a text, and a list keeps its length. Redact values before they are serialised, never the text of JSON,
 * HTML or XML: the pattern of a private key without an end reaches to the end of its text.
 */
export function redactValue<T>(value: T): T {
  return redacted(value) as T
}

/** As `redactValue`, for text that should be JSON: what is not JSON is redacted as plain text. */
export function redactJsonText(text: string, indent?: number): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return redact(text)
  }
  return JSON.stringify(redacted(value), undefined, indent)
}

function redacted(value: unknown): unknown {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) {
    const entries: readonly unknown[] = value
    return isLines(entries) ? redactLines(entries) : entries.map(redacted)
  }
  if (typeof value !== 'object' || value === null) return value
  const plain =
    'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON as () => unknown)() : value
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) return redacted(plain)
  const clean: Record<string, unknown> = {}
  for (const [key, entry] of Object.entries(plain)) {
    const shown = secretKey.test(key) ? withoutText(entry) : redacted(entry)
    // As data, also where the key is `__proto__`.
    Object.defineProperty(clean, redact(key), {
      value: shown,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return clean
}

/** A private key in a log spans many lines of a list: such a list is looked at as a whole. */
function isLines(value: readonly unknown[]): value is readonly string[] {
  return value.length > 1 && value.every((entry) => typeof entry === 'string')
}

/** A number or a flag under such a key is no secret: `{ keys: 3 }` counts, it does not tell. */
function withoutText(value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? '' : '(redacted)'
  if (Array.isArray(value) && value.some((entry) => typeof entry === 'string')) return value.map(withoutText)
  return redacted(value)
}
