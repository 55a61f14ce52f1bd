import { quote } from '../script.ts'

/** Words as one line to type into a shell; those that need quotes get them. */
export function shellLine(words: readonly string[]): string {
  return words.map(quote).join(' ')
}
