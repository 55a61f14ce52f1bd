import { AssertionError } from 'chai'

const shown = 8

/**
 * Asserts that no problem was found. The message says what was required and lists what was seen instead, each with
 * its place, so that it can stand alone in a report.
 * @throws AssertionError of chai, which makes the verdict `fail`
 */
export function requireNone(required: string, problems: readonly string[]): void {
  if (problems.length === 0) return
  const lines = problems.slice(0, shown).map((problem) => `- ${problem}`)
  if (problems.length > shown) lines.push(`- and ${problems.length - shown} more`)
  throw new AssertionError(`${required}, but:\n${lines.join('\n')}`)
}
