import { InvalidArgumentError, Option } from 'commander'
import { mostAtOnce } from '../conformance/overlap-bounds.ts'
import { count } from './count.ts'

export interface SideBySideFlags {
  readonly serial?: true
  readonly atOnce?: number
}

export function serialOption(): Option {
  return new Option('--serial', 'verify one requirement after another, also those that may overlap')
}

export function atOnceOption(): Option {
  const what = `how many requirements that create something are verified at a time, 1 to ${mostAtOnce}; without it as many as the weakest node has processors, and on labs of swarmproof’s own two at least, ${mostAtOnce} on up to three machines`
  return new Option('--at-once <n>', what).argParser(parseAtOnce).conflicts('serial')
}

function parseAtOnce(text: string): number {
  const value = count(text)
  if (value <= mostAtOnce) return value
  throw new InvalidArgumentError(`'${text}' is more than ${mostAtOnce}.`)
}

/** What the flags ask for, as words of a command line. */
export function sideBySideWords({ serial, atOnce }: SideBySideFlags): string[] {
  return [...(serial ? ['--serial'] : []), ...(atOnce === undefined ? [] : ['--at-once', `${atOnce}`])]
}
