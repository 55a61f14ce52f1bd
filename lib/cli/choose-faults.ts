import { suites } from '../../suites/index.ts'
import { type Planting, plantingOf } from '../../suites/seen-to-fail.ts'
import { chosenRequirementIds } from '../conformance/selection.ts'
import { InputError, unknownName } from '../error.ts'
import type { Fault } from '../fault/fault.ts'
import { faults } from '../fault/fault-table.ts'
import { faultPairs } from '../fault/pairs.ts'
import { takenByBoth } from '../fault/side-by-side.ts'

/**
 * The named faults, or all; `A+B` is two at once, the graver first. Where requirements are named, those that break one of
 * them, each with these alone.
 *
 * @throws InputError when a fault or requirement does not exist, or no fault is left
 */
export function chooseFaults(names: readonly string[], only: readonly string[] = []): readonly Planting[] {
  const named = names.length === 0 ? faults.map((fault) => plantingOf(fault)) : names.map(plantingNamed)
  if (only.length === 0) return named
  const ids = chosenRequirementIds(suites, only)
  const left = named
    .map((planting) => ({ ...planting, breaks: planting.breaks.filter((id) => ids.includes(id)) }))
    .filter(({ breaks }) => breaks.length > 0)
  if (left.length > 0) return left
  throw new InputError({
    code: 'NOTHING_SELECTED',
    what: `no such fault is planted for ${ids.join(', ')}`,
    hint: 'see `swarmproof faults --list` for what each breaks',
  })
}

/** Two at once, as operators could have them. */
export function pairsOfFaults(): readonly Planting[] {
  return faultPairs.map((pair) => plantingOf(...pair))
}

function plantingNamed(text: string): Planting {
  const names = text.split('+')
  const chosen = names.map(faultNamed)
  const [first = '', second = ''] = names
  const both = takenByBoth(first, second)
  if (both.length > 0)
    throw new InputError({
      code: 'FAULTS_AT_ONCE',
      what: `${first} and ${second} cannot be planted at once: both take ${both.join(' and ')}`,
      hint: '`swarmproof faults --list --pairs` lists pairs that can',
    })
  if (names.length <= 2 && new Set(names).size === names.length) return plantingOf(...chosen)
  throw new InputError({
    code: 'FAULTS_AT_ONCE',
    what: `'${text}' is not one fault, nor two different ones`,
    hint: 'give A+B, the graver first',
  })
}

function faultNamed(name: string): Fault {
  const found = faults.find((fault) => fault.name === name)
  if (found !== undefined) return found
  const valid = faults.map((fault) => fault.name)
  throw unknownName('fault', name, valid, '`swarmproof faults --list` lists them')
}
