import { InvalidArgumentError } from 'commander'
import type { Fault } from '../fault/fault.ts'
import { sideBySide } from '../fault/side-by-side.ts'
import type { HostsFlags } from './hosts-option.ts'
import { shellLine } from './shell-line.ts'

/** Steps where none are asked for. */
export const usualSteps = 20

export interface RandomFaultsFlags extends HostsFlags {
  readonly random: string
  readonly steps?: number
  /** A lab that stands already, by id, or the only one. */
  readonly labId?: string | true
  readonly lab?: string[]
  readonly json?: true
  readonly reportDir: string
}

export function parseSeed(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text
  throw new InvalidArgumentError('Up to 64 letters, digits, dots, underscores and hyphens.')
}

export function parseSteps(text: string): number {
  const steps = Number(text)
  if (/^\d+$/.test(text) && steps >= 1 && steps <= 1000) return steps
  throw new InvalidArgumentError('A whole number from 1 to 1000.')
}

/** The command that plants the same again. */
export function reproduceAtRandom(
  { random, steps = usualSteps, lab, labId, ...flags }: RandomFaultsFlags,
  pool: readonly Fault[],
): string {
  const all = Object.keys(sideBySide).length
  const names = pool.length === all ? [] : pool.map(({ name }) => name)
  const words = ['swarmproof', 'faults', ...names, '--random', random, '--steps', String(steps)]
  if (typeof labId === 'string') words.push('--lab-id', labId)
  else if (labId !== undefined) words.push('--lab-id')
  if (lab !== undefined) words.push('--lab', ...lab)
  if (flags.hosts !== undefined) words.push('--hosts', flags.hosts)
  return shellLine(words)
}
