import { styleText } from 'node:util'

export type Paint = (text: string) => string

/** How text is coloured on one stream; every paint returns its text unchanged where colours do not belong. */
export interface Style {
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
  readonly cyan: Paint
}

type Stream = Pick<NodeJS.WriteStream, 'isTTY'> & { readonly columns?: number | undefined }

/** Colours only on a terminal, and not where NO_COLOR or a dumb terminal asks for none. */
export function hasColours(stream: Stream, environment: NodeJS.ProcessEnv = process.env): boolean {
  const refused = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb'
  return stream.isTTY && !refused
}

export function style(stream: Stream, environment: NodeJS.ProcessEnv = process.env): Style {
  const colours = hasColours(stream, environment)
  const paint =
    (format: Parameters<typeof styleText>[0]): Paint =>
    (text) =>
      colours ? styleText(format, text, { validateStream: false }) : text
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  }
}

/** Columns to write in: the terminal's, at most 110; 80 where there is none. */
export function widthOf(stream: Stream): number {
  return Math.min(stream.columns ?? 80, 110)
}

/** Breaks text at spaces so that no line is longer than the width; every line but the first is indented. */
export function wrap(text: string, widthColumns: number, indent = ''): string {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= widthColumns - indent.length) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines.join(`\n${indent}`)
}
