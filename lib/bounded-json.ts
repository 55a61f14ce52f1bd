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
  const holders: object[] = []
  const depths: number[] = []
  let values = 0
  const look = (value: unknown, depth: number): string | undefined => {
    if (depth > bounds.mostLevels) return `it is nested more than ${bounds.mostLevels} deep`
    if (++values > bounds.mostValues) return `it holds more than ${bounds.mostValues} values`
    if (isTooLong(value, bounds)) return tooLong(value, bounds)
    if (typeof value === 'object' && value !== null) {
      holders.push(value)
      depths.push(depth)
    }
    return undefined
  }
  let beyond = look(data, 1)
  while (beyond === undefined) {
    const holder = holders.pop()
    if (holder === undefined) break
    const depth = (depths.pop() ?? 0) + 1
    const keys = Array.isArray(holder) ? [] : Object.keys(holder)
    const long = keys.find((key) => isTooLong(key, bounds))
    if (long !== undefined) return tooLong(long, bounds)
    for (const part of Array.isArray(holder) ? (holder as readonly unknown[]) : Object.values(holder))
      beyond ??= look(part, depth)
  }
  return beyond
}

function isTooLong(value: unknown, { longestTextCharacters }: JsonBounds): value is string {
  return typeof value === 'string' && value.length > longestTextCharacters
}

function tooLong(text: string, { longestTextCharacters }: JsonBounds): string {
  return `a text in it has ${text.length} characters, more than ${longestTextCharacters}: '${text.slice(0, 40)}…'`
}
