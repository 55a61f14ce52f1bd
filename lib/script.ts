/**
 * Text for `/bin/sh` on a host that our own source wrote. Only `sh` makes one, and `scriptFile` of a file that lies beside
 * its module, so that no string of a host, a file or a user becomes shell by being passed on: where a script is wanted,
 * a string does not do.
 */
export class Script {
  /** Give it to a shell as it is, or, as one word, to another: `sh -c ${inner.text}`. */
  readonly text: string

  /** An object that merely has a text is none. */
  declare protected readonly ours: true

  /** @internal use `sh`, or `scriptFile` for a program of its own */
  constructor(text: string) {
    this.text = text
  }
}

/** What may stand in a script: a word, several words, or a script of ours. */
export type Insertion = string | number | readonly (string | number)[] | Script

/**
 * A script, of a template. Every word inserted is quoted, so that the shell takes it as exactly that word; of a list
 * each is, with blanks between them; a script is inserted as it is. Backslashes are the shell's, but for the two that
 * JavaScript needs: `\${` is the shell's `${`, and a backquote behind one is a backquote.
 *
 * ```ts
 * sh`docker service rm ${name}`
 * sh`docker service create ${['--label', label, '--name', name]} ${image} sh -c ${inner.text}`
 * ```
 *
 * @throws Error where a quoted word would not stay one: within quotes, arithmetic or a here-document, behind `$` or a
 *   backslash, with a `#` right behind it, which begins a comment where a list is empty; or with a NUL. Lint finds
 *   these places before.
 */
export function sh(strings: TemplateStringsArray, ...insertions: readonly Insertion[]): Script {
  const parts = strings.raw.map((part) => part.replaceAll('\\${', '${').replaceAll('\\`', '`'))
  const misplaced = misplacedInsertion(parts)
  if (misplaced !== undefined) throw new Error(`a script takes no insertion ${misplaced}`)
  let text = parts[0] ?? ''
  for (const [index, insertion] of insertions.entries()) text += insert(insertion) + (parts[index + 1] ?? '')
  return new Script(text)
}

/** Scripts one after another, each on lines of its own. */
export function scriptLines(scripts: readonly Script[]): Script {
  return new Script(scripts.map(({ text }) => text).join('\n'))
}

/** Quotes one word for `/bin/sh`: the only function that does. @throws Error on a NUL, which no word can hold */
export function quote(word: string): string {
  if (word.includes('\0')) throw new Error('a word with a NUL cannot be given to a shell')
  return /^[A-Za-z0-9_./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

function insert(insertion: Insertion): string {
  if (insertion instanceof Script) return insertion.text
  if (typeof insertion === 'string') return quote(insertion)
  if (typeof insertion === 'number') return quote(String(insertion))
  return insertion.map((word) => quote(String(word))).join(' ')
}

type Context = 'plain' | 'single' | 'double' | 'substitution' | 'arithmetic' | 'comment'

/**
 * Where an insertion between these parts of a script would not be one word, in words; undefined if all are well
 * placed. Follows quotes, comments, `$( )` and `$(( ))` as POSIX.1-2017, Shell Command Language 2.2, 2.3 and 2.6, has
 * them. A pattern of `case` ends in `)` as `$( )` does, so where the two meet nothing is told.
 */
export function misplacedInsertion(parts: readonly string[]): string | undefined {
  const open: Context[] = ['plain']
  for (const [index, part] of parts.entries()) {
    for (let at = 0; at < part.length; at += 1) {
      const char = part[at] ?? ''
      const context = open.at(-1) ?? 'plain'
      if (context === 'single') {
        if (char === "'") open.pop()
      } else if (context === 'comment') {
        if (char === '\n') open.pop()
      } else if (char === '\\') {
        at += 1
        if (at >= part.length && index < parts.length - 1) return 'behind a backslash'
      } else if (part.startsWith('$((', at)) {
        open.push('arithmetic', 'arithmetic')
        at += 2
      } else if (char === '$' && part[at + 1] === '(') {
        open.push('substitution')
        at += 1
      } else if (context === 'arithmetic') {
        if (char === '(') open.push('arithmetic')
        else if (char === ')') open.pop()
      } else if (char === '"') {
        if (context === 'double') open.pop()
        else open.push('double')
      } else if (context !== 'double') {
        if (char === "'") open.push('single')
        else if (char === '`' && parts.length > 1) return 'in a script with backquotes'
        else if (char === '#' && at === 0 && index > 0) return 'with a # right behind it'
        else if (char === '#' && /^[\s;&|()]?$/.test(part[at - 1] ?? '')) open.push('comment')
        else if (context === 'substitution' && parts.length > 1 && /^case\s/.test(part.slice(at)))
          return 'in a script with case within $( )'
        else if (char === '(' && context === 'substitution') open.push('substitution')
        else if (char === ')' && context === 'substitution') open.pop()
        else if (part.startsWith('<<', at) && parts.length > 1) return 'in a script with a here-document'
      }
    }
    if (index === parts.length - 1) return undefined
    const context = open.at(-1)
    if (context === 'single' || context === 'double') return 'within quotes'
    if (context === 'comment') return 'in a comment'
    if (open.includes('arithmetic')) return 'within arithmetic'
    if (part.endsWith('$')) return 'behind a dollar sign'
  }
  return undefined
}
