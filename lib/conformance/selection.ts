import { InputError, unknownName } from '../error.ts'
import type { Suite } from './suite.ts'
import type { ConformanceTest } from './test.ts'

export interface SelectionOptions {
  /** Requirement ids or group names, any case; everything when empty. */
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
  const wanted = (suite: Suite, test: ConformanceTest): boolean =>
    (only.size === 0 || only.has(test.id) || only.has(suite.group)) &&
    !skip.has(test.id) &&
    !skip.has(suite.group) &&
    (pattern === undefined || pattern.test(`${test.id} ${test.requirement}`))
  const selected = suites
    .map((suite) => ({ ...suite, tests: suite.tests.filter((test) => wanted(suite, test)) }))
    .filter((suite) => suite.tests.length > 0)
  if (selected.length === 0) {
    throw new InputError({
      code: 'NOTHING_SELECTED',
      what: 'no requirement matches --only, --skip and --grep together',
      hint: 'see `swarmproof list requirements`',
    })
  }
  return selected
}

function names(suites: readonly Suite[], given: readonly string[]): Set<string> {
  const valid = suites.flatMap((suite) => [suite.group, ...suite.tests.map((test) => test.id)])
  const chosen = given.flatMap((name) => name.split(',')).map((name) => name.trim().toUpperCase())
  for (const name of chosen) if (!valid.includes(name)) throw unknownName('requirement', name, valid)
  return new Set(chosen)
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text, 'i')
  } catch (cause) {
    throw new InputError({
      code: 'BAD_EXPRESSION',
      what: `--grep '${text}' is no regular expression`,
      observed: cause instanceof Error ? cause.message : String(cause),
      cause,
    })
  }
}
