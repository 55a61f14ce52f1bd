/**
 * Where an insertion between these parts of a script would not be one word, in words; undefined if all are well placed.
 * The twin of `misplacedInsertion` in lib/script.ts, for a linter that loads no TypeScript; a test holds them
 * together.
 *
 * @param {readonly string[]} parts as the shell gets them
 * @returns {{ index: number, where: string } | undefined} `index` is that of the part before the insertion
 */
export function misplacedInsertion(parts) {
  const open = ['plain']
  for (const [index, part] of parts.entries()) {
    for (let at = 0; at < part.length; at += 1) {
      const char = part[at]
      const context = open.at(-1)
      if (context === 'single') {
        if (char === "'") open.pop()
      } else if (context === 'comment') {
        if (char === '\n') open.pop()
      } else if (char === '\\') {
        at += 1
        if (at >= part.length && index < parts.length - 1) return { index, where: 'behind a backslash' }
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
        else if (char === '`' && parts.length > 1) return { index, where: 'in a script with backquotes' }
        else if (char === '#' && at === 0 && index > 0) return { index, where: 'with a # right behind it' }
        else if (char === '#' && /^[\s;&|()]?$/.test(part[at - 1] ?? '')) open.push('comment')
        else if (context === 'substitution' && parts.length > 1 && /^case\s/.test(part.slice(at)))
          return { index, where: 'in a script with case within $( )' }
        else if (char === '(' && context === 'substitution') open.push('substitution')
        else if (char === ')' && context === 'substitution') open.pop()
        else if (part.startsWith('<<', at) && parts.length > 1)
          return { index, where: 'in a script with a here-document' }
      }
    }
    if (index === parts.length - 1) return undefined
    const context = open.at(-1)
    if (context === 'single' || context === 'double') return { index, where: 'within quotes' }
    if (context === 'comment') return { index, where: 'in a comment' }
    if (open.includes('arithmetic')) return { index, where: 'within arithmetic' }
    if (part.endsWith('$')) return { index, where: 'behind a dollar sign' }
  }
  return undefined
}
