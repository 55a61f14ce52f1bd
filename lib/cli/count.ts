import { InvalidArgumentError } from 'commander'

/** A whole number above 0, for options. */
export function count(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError(`'${text}' is not a whole number above 0.`)
}
