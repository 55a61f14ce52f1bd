import { randomUUID } from 'node:crypto'
import { styleText } from 'node:util'

type Paint = (text: string) => string

/** How text is set off on one stream; without colours every function gives its text back unchanged. */
export interface Style {
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
  readonly cyan: Paint
}

/** What matters of a stream; `process.stdout` is one. */
export interface TerminalLike {
  readonly isTTY?: boolean
  readonly columns?: number | undefined
}

/**
 * Stands for the escape character in text that `style()` painted. Nobody else knows it, so `Output` can tell the
 * colours that are ours from escape sequences that a host said.
 */
export const paintMark = `\u001b${randomUUID()}`

const names = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const

/** Colours only on a terminal, and not where NO_COLOR is set to anything (no-color.org) or TERM is dumb. */
export function style(stream: TerminalLike, environment: NodeJS.ProcessEnv = process.env): Style {
  const coloured =
    stream.isTTY === true && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb'
  const paint =
    (name: (typeof names)[number]): Paint =>
    (text) =>
      coloured ? styleText(name, mask, { validateStream: false }).split(mask).map(marked).join(text) : text
  return Object.fromEntries(names.map((name) => [name, paint(name)])) as unknown as Style
}

/** Painted instead of the text, which may itself hold escape characters. */
const mask = 'text'

function marked(sequence: string): string {
  return sequence.replaceAll('\u001b', paintMark)
}

const usualWidth = 80
const widestReadable = 110

/** Columns to write text in: the terminal's, but no lines too long to read; 80 where there is none. */
export function textWidth(stream: TerminalLike): number {
  const columns = stream.columns ?? usualWidth
  return columns < 20 ? usualWidth : Math.min(columns, widestReadable)
}

/** Breaks text at spaces to lines of at most `width`; `indent` begins every line but the first. A long word stays whole. */
export function wrap(text: string, width: number, indent = '', firstIndent = indent): string {
  return text
    .split('\n')
    .map((line, index) => wrapLine(line, width, indent, index === 0 ? firstIndent : indent))
    .join('\n')
}

function wrapLine(text: string, width: number, indent: string, firstIndent: string): string {
  const lines: string[] = []
  let current = firstIndent
  let empty = true
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!empty && current.length + 1 + word.length > width) {
      lines.push(current)
      ;[current, empty] = [indent, true]
    }
    current += empty ? word : ` ${word}`
    empty = false
  }
  return [...lines, current].join('\n').trimEnd()
}
