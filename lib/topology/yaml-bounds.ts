import { CST, Lexer } from 'yaml'

/**
 * What one YAML file may hold. The parser itself has no bounds: it composes collections by recursion, and ends the
 * process when they nest some ten thousand deep.
 */
export const yamlBounds = {
  mostLevels: 100,
  /** Words, punctuation and the blanks between them. */
  mostTokens: 1_000_000,
  /** Entries of maps and lists that are visited, those of aliases each time. */
  mostEntries: 500_000,
} as const

export interface BeyondBound {
  readonly line: number
  readonly what: string
  readonly hint: string
}

/** The first place where the text goes beyond the bounds; undefined if it stays within. Costs no recursion. */
export function beyondYamlBounds(text: string): BeyondBound | undefined {
  const levels = new Levels()
  let tokens = 0
  let line = 1
  for (const token of new Lexer().lex(text)) {
    if (++tokens > yamlBounds.mostTokens) {
      return {
        line,
        what: `the file has more than ${yamlBounds.mostTokens} words and signs, the most that are read`,
        hint: 'check that it is the file you meant, or split it',
      }
    }
    if (levels.after(token) > yamlBounds.mostLevels) {
      return {
        line,
        what: `lists and maps are nested more than ${yamlBounds.mostLevels} deep, the most that is read`,
        hint: 'look for brackets that are never closed, or indentation that only grows, up to this line',
      }
    }
    for (let at = token.indexOf('\n'); at >= 0; at = token.indexOf('\n', at + 1)) line++
  }
  return undefined
}

/** Tokens of no width, by which the lexer says what comes next. */
const marks: ReadonlySet<string> = new Set(['\x02', '\x18', '\x1f', '\u{feff}'])

const indicators: ReadonlySet<string> = new Set(['seq-item-ind', 'explicit-key-ind', 'map-value-ind'])

/** How deep collections are nested: by brackets, and by the columns at which blocks begin. */
class Levels {
  private brackets = 0
  private readonly columns: number[] = []
  private column = 0
  private atStart = true

  after(token: string): number {
    if (marks.has(token)) return this.brackets + this.columns.length
    const type = CST.tokenType(token)
    if (type === 'flow-seq-start' || type === 'flow-map-start') this.brackets++
    if (type === 'flow-seq-end' || type === 'flow-map-end') this.brackets = Math.max(0, this.brackets - 1)
    const isBlank = type === 'space' || type === 'newline' || type === 'comment'
    if (this.brackets === 0 && this.atStart && !isBlank) this.begin()
    // A list item may begin a block on the same line: `- - a: 1`.
    this.atStart = isBlank ? this.atStart : indicators.has(type ?? '')
    const lineBreak = token.lastIndexOf('\n')
    if (lineBreak >= 0) this.atStart = true
    this.column = lineBreak >= 0 ? token.length - lineBreak - 1 : this.column + token.length
    return this.brackets + this.columns.length
  }

  private begin(): void {
    while ((this.columns.at(-1) ?? -1) >= this.column) this.columns.pop()
    this.columns.push(this.column)
  }
}
