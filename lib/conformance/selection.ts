import { InputError, unknownName } from '../error.ts'
import { defaultProfile, inProfile, type Profile } from './profile.ts'
import type { Suite } from './suite.ts'
import type { ConformanceTest } from './test.ts'

/** Where to find the ids that there are, for messages. */
export const listsRequirements = '`swarmproof list requirements` lists all ids'

export interface SelectionOptions {
  /** The standard one where not given. It does not count for what `only` names. */
  readonly profile?: Profile
  /** Also those that mostly wait. */
  readonly slow?: boolean
  /** The hosts are somebody's: what only hosts that were made for it can keep is verified when it is named. */
  readonly existing?: boolean
  /** Requirement ids or group names, any case; what the profile holds when empty. */
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  /** Regular expression on id and requirement sentence, case ignored. */
  readonly grep?: string
}

/**
 * The suites with just the selected tests, in their own order.
 * @throws InputError when an id or group does not exist, the expression is broken, or nothing is left
 */
export function selectTests(suites: readonly Suite[], options: SelectionOptions): Suite[] {
  const only = names(suites, options.only ?? [])
  const skip = names(suites, options.skip ?? [])
  const pattern = options.grep === undefined ? undefined : expression(options.grep)
  const profile = options.profile ?? defaultProfile
  const suits = (test: ConformanceTest): boolean => test.ownHosts !== true || options.existing !== true
  // A group does not name its slow ones: who asks for LB need not wait for an idle connection.
  const isNamed = (suite: Suite, test: ConformanceTest): boolean =>
    only.has(test.id) ||
    (only.has(suite.group) && suits(test) && (test.slow !== true || options.slow === true))
  const wanted = (suite: Suite, test: ConformanceTest): boolean =>
    (only.size === 0 ? inProfile(test, profile, options.slow) && suits(test) : isNamed(suite, test)) &&
    !skip.has(test.id) &&
    !skip.has(suite.group) &&
    (pattern === undefined || pattern.test(`${test.id} ${test.requirement}`))
  const selected = suites
    .map((suite) => ({ ...suite, tests: suite.tests.filter((test) => wanted(suite, test)) }))
    .filter((suite) => suite.tests.length > 0)
  if (selected.length === 0) {
    throw new InputError({
      code: 'NOTHING_SELECTED',
      what: `no requirement of profile ${profile} matches --only, --skip and --grep together`,
      hint: 'see `swarmproof list requirements`; --only ID verifies whatever the profile holds, --slow adds the slow ones',
    })
  }
  return selected
}

/**
 * Ids in any case, separated by commas or not.
 * @throws InputError when one does not exist; a group is none, because each is to be named by itself
 */
export function chosenRequirementIds(suites: readonly Suite[], given: readonly string[]): string[] {
  const valid = suites.flatMap((suite) => suite.tests.map((test) => test.id))
  return [...chosen(given, valid, listsRequirements)]
}

function names(suites: readonly Suite[], given: readonly string[]): Set<string> {
  const valid = suites.flatMap((suite) => [suite.group, ...suite.tests.map((test) => test.id)])
  const groups = suites.map((suite) => suite.group).join(', ')
  return chosen(given, valid, `groups: ${groups}; ${listsRequirements}`)
}

function chosen(given: readonly string[], valid: readonly string[], list: string): Set<string> {
  const names = given.flatMap((name) => name.split(',')).map((name) => name.trim().toUpperCase())
  for (const name of names) if (!valid.includes(name)) throw unknownName('requirement', name, valid, list)
  return new Set(names)
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text, 'i')
  } catch (cause) {
    throw new InputError({
      code: 'BAD_EXPRESSION',
      what: `--grep '${text}' is not a regular expression`,
      observed: cause instanceof Error ? cause.message : String(cause),
      cause,
    })
  }
}
