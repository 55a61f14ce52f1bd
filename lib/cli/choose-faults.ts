import { suites } from '../../suites/index.ts'
import { chosenRequirementIds } from '../conformance/selection.ts'
import { InputError, unknownName } from '../error.ts'
import type { Fault } from '../fault/fault.ts'
import { faults } from '../fault/fault-table.ts'

/**
 * The named faults, or all; where requirements are named, those that break one of them, each with these alone.
 * @throws InputError when a fault or requirement does not exist, or no fault is left
 */
export function chooseFaults(names: readonly string[], only: readonly string[] = []): readonly Fault[] {
  const valid = faults.map(({ name }) => name)
  const list = '`swarmproof faults --list` lists them'
  for (const name of names) if (!valid.includes(name)) throw unknownName('fault', name, valid, list)
  const named = names.length === 0 ? faults : faults.filter(({ name }) => names.includes(name))
  if (only.length === 0) return named
  const ids = chosenRequirementIds(suites, only)
  const left = named
    .map((fault) => ({ ...fault, breaks: fault.breaks.filter((id) => ids.includes(id)) }))
    .filter(({ breaks }) => breaks.length > 0)
  if (left.length > 0) return left
  throw new InputError({
    code: 'NOTHING_SELECTED',
    what: `no such fault is planted for ${ids.join(', ')}`,
    hint: 'see `swarmproof faults --list` for what each breaks',
  })
}
