import { printable } from '../printable.ts'

/** Evidence as Markdown that means nothing but itself. */

export const list = (lines: readonly string[]): string => lines.map((line) => `- ${text(line)}`).join('\n')

/** Plain text in one line; what stands between backticks stays code, everything else loses its meaning to Markdown. */
export function text(value: string): string {
  const line = printable(value.length > 1500 ? `${value.slice(0, 1499)}…` : value).replaceAll(
    /\s*\n\s*/g,
    ' ',
  )
  return line
    .split(/(`[^`]+`)/)
    .map((part, index) =>
      index % 2 === 1
        ? part.replaceAll('|', '\\|')
        : part
            .replaceAll('&', '&amp;')
            .replaceAll('<', '&lt;')
            .replaceAll(/[\\`*_[\]|#~]/g, '\\$&')
            // Neither people nor issues of the repository the summary is shown in.
            .replaceAll('@', '@\u200b'),
    )
    .join('')
}

/** A reason: its first line as `text`, and the list below it, if it has one, as a list. */
export function lines(value: string): string {
  const [first = '', ...others] = value.split('\n')
  const items = others.filter((line) => line.startsWith('- ')).map((line) => line.slice(2))
  return items.length === 0 || items.length < others.length ? text(value) : `${text(first)}\n\n${list(items)}`
}

/** `owner/name#1` becomes a link where Markdown is read on GitHub. */
export const issue = (value: string): string => (/^[\w.-]+\/[\w.-]+#\d+$/.test(value) ? value : text(value))

/** A code span whose fence is longer than any run of backticks inside. */
export function code(value: string): string {
  const line = printable(value).replaceAll(/\s*\n\s*/g, ' ')
  const ticks = '`'.repeat(longestRun(line) + 1)
  return line.includes('`') ? `${ticks} ${line} ${ticks}` : `${ticks}${line}${ticks}`
}

export function fence(value: string): string {
  const body = printable(value.length > 4000 ? `…${value.slice(-4000)}` : value)
  const ticks = '`'.repeat(Math.max(3, longestRun(body) + 1))
  return `${ticks}text\n${body}\n${ticks}`
}

function longestRun(value: string): number {
  let longest = 0
  for (const [run] of value.matchAll(/`+/g)) longest = Math.max(longest, run.length)
  return longest
}
