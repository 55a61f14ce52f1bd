/**
 * Patterns of ssh_config(5) and sshd(8): `*` is any text, `?` one character, `!` before a pattern refuses what it
 * matches. A list matches if one pattern does and no negated one does; negated patterns alone match nothing.
 */
export function matchesList(patterns: readonly string[], text: string): boolean {
  const hits = (wanted: boolean): boolean =>
    patterns.some((pattern) => pattern.startsWith('!') !== wanted && matches(pattern.replace(/^!/, ''), text))
  return !hits(false) && hits(true)
}

function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[\\^$.+()[\]{}|/-]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}
