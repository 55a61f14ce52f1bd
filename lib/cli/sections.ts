import { type Style, wrap } from './terminal.ts'

/** A name and a sentence about it; what does not fit stands below the sentence. */
export function headline(name: string, sentence: string, paint: Style, width: number): string {
  const wrapped = wrap(sentence, width, ' '.repeat(name.length + 2)).trimStart()
  return `${paint.bold(paint.cyan(name))}  ${paint.bold(wrapped)}`
}

/** `  source  Docker docs`: labels in a column. */
export function aboutLine(label: string, text: string, paint: Style, width: number): string {
  const column = 10
  return `  ${paint.dim(label.padEnd(column - 2))}${wrap(text, width, ' '.repeat(column)).trimStart()}`
}

export function section(title: string, text: string, paint: Style): string {
  return `${paint.bold(title)}\n${text}`
}

export function bullets(items: readonly string[], width: number): string {
  if (items.length === 0) return '  nothing known yet'
  return items.map((item) => bullet(item, width)).join('\n')
}

/** Commands between backticks are not broken: they are there to be copied. */
export function bullet(item: string, width: number): string {
  const whole = item.replaceAll(/`[^`]+`/g, (command) => command.replaceAll(' ', blank))
  return wrap(whole, width, '    ', '  - ').replaceAll(blank, ' ')
}

/** Stands for a blank at which no line ends; of the private-use area, which no text of ours has. */
const blank = '\ue000'
