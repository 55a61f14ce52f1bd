/** One JSON array per line, as `ip -j` and `bridge -j` print it; anything else is an empty list. */
export function jsonList<T>(line: string | undefined): readonly T[] {
  if (line === undefined || !line.startsWith('[')) return []
  try {
    return JSON.parse(line) as T[]
  } catch {
    return []
  }
}
