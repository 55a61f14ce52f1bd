import { Option } from 'commander'
import { InputError } from '../error.ts'
import { mostPairs, type PairChoice } from '../observation/pair-sample.ts'

const largestSeed = 2 ** 32 - 1

export function pairsOption(): Option {
  return new Option(
    '--pairs <which>',
    `all, or the seed of the sample that is tried of more than ${mostPairs} ordered pairs of nodes`,
  ).argParser(readPairs)
}

/** @throws InputError for anything but `all` and a seed */
export function readPairs(text: string): PairChoice {
  if (text === 'all') return text
  const seed = Number(text)
  if (/^\d{1,10}$/.test(text) && seed <= largestSeed) return seed
  throw new InputError({
    code: 'PAIRS_UNKNOWN',
    what: `--pairs ${text.slice(0, 40)} is neither all nor a seed`,
    expected: `all, or a whole number from 0 to ${largestSeed}, such as a report names`,
  })
}
