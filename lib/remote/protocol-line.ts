/**
 * A line for a program on a host that reads words from its input, with a blank between them. A word with a line break
 * would be an order of its own.
 *
 * @throws RangeError for a word that holds a blank, a control character or anything that is not ASCII
 */
export function protocolLine(...words: readonly (string | number)[]): string {
  const wrong = words.map(String).find((word) => !/^[!-~]*$/.test(word))
  if (wrong !== undefined) throw new RangeError(`${JSON.stringify(wrong.slice(0, 80))} is not a single word`)
  return words.join(' ')
}
