import type { ConformanceTest } from '../../lib/conformance/test.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { type Judgement, judgement, type Measure } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { type Again, holds, type VerifiedAgain } from './observe-again.ts'

export type AgainJudged = Pick<
  Judgement,
  'problems' | 'controls' | 'measures' | 'missing' | 'unseen' | 'tables'
>

/**
 * Applies to the last look the judgement of each requirement that was verified again. Its problems keep their kind and
 * say by `via` whose they are; one more says of each that it did not hold again within the bound.
 *
 * @param since what had happened before, for names of measures: `after its return`
 */
export function judgeAgain(again: Again, tests: readonly ConformanceTest[], since: string): AgainJudged {
  const { polled, facts, verified } = again
  const judged = verified
    .filter((one) => !holds(one, facts, tests))
    .map((one) => judgeOne(one, facts, tests, polled.withinSeconds))
  const name = `until everything held again ${since}`
  const measure: Measure = { name, value: polled.seconds, unit: 's', bound: polled.withinSeconds }
  const notSeen = tests.filter(({ id }) => !verified.some((one) => one.id === id)).map(({ id }) => id)
  return {
    problems: judged.flatMap(({ problems }) => problems),
    controls: judged.flatMap(({ controls }) => controls),
    measures: heldAgain(again, tests) ? [measure] : [],
    missing: judged.flatMap(({ missing }) => missing),
    unseen: [
      ...judged.flatMap(({ unseen }) => unseen),
      ...(judged.length === 0 && notSeen.length > 0 ? [{ what: notSeen.join(', '), nodes: [] }] : []),
    ],
    tables: {
      [`looks ${since}`]: {
        ...{ seconds: polled.seconds, boundSeconds: polled.withinSeconds, failedLooks: polled.failedLooks },
        differing: polled.looks.map(({ atSeconds, seen }) => ({ atSeconds, stillLeft: seen.left })),
      },
    },
  }
}

/** Whether all held in the last look. */
export function heldAgain({ facts, verified }: Again, tests: readonly ConformanceTest[]): boolean {
  return verified.length === tests.length && verified.every((one) => holds(one, facts, tests))
}

function judgeOne(
  one: VerifiedAgain,
  facts: ClusterFacts,
  tests: readonly ConformanceTest[],
  boundSeconds: number,
): Judgement {
  const { id } = one
  if ('threw' in one)
    return one.threw.missing === undefined
      ? unseen(id, one.threw.message, one.threw.host)
      : judgement({ missing: [one.threw.missing], conclusion: '' })
  const test = tests.find((known) => known.id === id)
  if (test === undefined) return unseen(id)
  return viaOf(id, test.judge(one.seen, facts), boundSeconds)
}

/** Controls of several requirements may have the same name. */
function viaOf(id: string, judged: Judgement, expected: number): Judgement {
  const named = (name: string): string => `${id}: ${name}`
  const controls = judged.controls.map((control) => ({ ...control, name: named(control.name) }))
  const problems = judged.problems.map((problem): Problem => {
    const rests = problem.controls ?? judged.controls.map(({ name }) => name)
    return { ...problem, via: id, controls: rests.map(named) }
  })
  const late: Problem = { code: 'not-again', kind: 'missed', via: id, expected }
  const nothing = problems.length + judged.missing.length + judged.unseen.length === 0
  return judgement({
    problems:
      problems.length === 0 ? [] : [...problems, { ...late, controls: controls.map(({ name }) => name) }],
    controls,
    missing: judged.missing,
    unseen: [
      ...judged.unseen,
      ...(nothing && controls.every(({ held }) => held) ? [{ what: id, nodes: [] }] : []),
    ],
    conclusion: '',
  })
}

function unseen(what: string, why?: string, host?: string): Judgement {
  const one = { what, nodes: host === undefined ? [] : [host], ...(why === undefined ? {} : { why }) }
  return judgement({ unseen: [one], conclusion: '' })
}
