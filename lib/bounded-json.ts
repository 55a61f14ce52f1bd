/** What a stored document may hold. */
export interface JsonBounds {
  readonly mostLevels: number
  /** Values of any kind, lists and objects themselves included. */
  readonly mostValues: number
  /** Of a text or a key. */
  readonly longestTextCharacters: number
}

/**
 * What is too much in data that was read from JSON; undefined if nothing is. Costs no recursion: what is nested
 * deeper than the stack can be read by the parser, and by hardly anything behind it.
 */
export function beyondJsonBounds(data: unknown, bounds: JsonBounds): string | undefined {
  let level: readonly unknown[] = [data]
  let values = 0
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > bounds.mostLevels) return `it is nested more than ${bounds.mostLevels} deep`
    const next: unknown[] = []
    for (const value of level) {
      if (++values > bounds.mostValues) return `it holds more than ${bounds.mostValues} values`
      if (isTooLong(value, bounds)) return tooLong(value, bounds)
      if (typeof value !== 'object' || value === null) continue
      const long = Array.isArray(value) ? undefined : Object.keys(value).find((key) => isTooLong(key, bounds))
      if (long !== undefined) return tooLong(long, bounds)
      for (const part of Object.values(value)) next.push(part)
    }
    level = next
  }
  return undefined
}

function isTooLong(value: unknown, { longestTextCharacters }: JsonBounds): value is string {
  return typeof value === 'string' && value.length > longestTextCharacters
}

function tooLong(text: string, { longestTextCharacters }: JsonBounds): string {
  return `a text in it has ${text.length} characters, more than ${longestTextCharacters}: '${text.slice(0, 40)}…'`
}
