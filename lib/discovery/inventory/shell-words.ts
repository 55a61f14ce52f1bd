/**
 * Splits a line the way Python's shlex does in POSIX mode, which Ansible reads host lines with: quotes group, a
 * backslash escapes outside single quotes, and `#` outside quotes begins a comment where `comments` is set.
 * Returns what is wrong as text.
 */
export function shellWords(line: string, options: { readonly comments: boolean }): string[] | string {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let i = 0; i < line.length; i += 1) {
    const char = line[i] ?? ''
    if (quote !== '') {
      if (char === quote) quote = ''
      else if (char === '\\' && quote === '"' && /["\\]/.test(line[i + 1] ?? ''))
        word = `${word ?? ''}${line[++i] ?? ''}`
      else word = `${word ?? ''}${char}`
    } else if (char === '#' && options.comments) break
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (char === '\\') {
      if (i + 1 >= line.length) return 'ends in a backslash'
      word = `${word ?? ''}${line[++i] ?? ''}`
    } else word = `${word ?? ''}${char}`
  }
  if (quote !== '') return `has a ${quote} without its other`
  if (word !== undefined) words.push(word)
  return words
}
