/** More names make a title that nobody reads; all are among the finding’s nodes. */
export const mostNamed = 6

/** `a`, `a and b`, `a, b and c`; of many the first, and how many more. */
export function inWords(names: readonly string[]): string {
  if (names.length > mostNamed)
    return `${names.slice(0, mostNamed - 1).join(', ')} and ${names.length - mostNamed + 1} more`
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`
}
