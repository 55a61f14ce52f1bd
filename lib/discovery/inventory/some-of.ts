const mostNamed = 20

/** The names in a sentence; of very many the first ones, and how many others there are. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).join(', ')
  return names.length <= mostNamed ? shown : `${shown} and ${names.length - mostNamed} more`
}
