import { isExpected } from '../../lib/conformance/missing.ts'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import { decide } from '../../lib/conformance/decide.ts'
import { type Threw, threwOf } from '../../lib/conformance/observations.ts'
import type { ConformanceTest } from '../../lib/conformance/test.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import { poll } from '../../lib/poll.ts'

/** Other requirements observed again and again, on the lab as it then was. */
export interface Again {
  /** `left`: ids of those that did not hold yet, or were not looked at because one before them did not. */
  readonly polled: Polled<{ readonly generation: number; readonly left: readonly string[] }>
  /** Of the last look. */
  readonly facts: ClusterFacts
  /** What the last look observed, in the order of the requirements. */
  readonly verified: readonly VerifiedAgain[]
}

export type VerifiedAgain = { readonly id: string } & ({ readonly seen: unknown } | { readonly threw: Threw })

type Look = Pick<Again, 'facts' | 'verified'>

/**
 * Observes other requirements on a renewed lab until all of them hold in one look, or the bound runs out. A look ends
 * with the first that does not hold. `polled.seconds` is an upper bound, because a look itself takes time.
 *
 * @throws NeverObserved where the stack could not be read again even once; at once what is an error of our own code
 */
export async function observeAgain(
  lab: ObserveContext,
  tests: readonly ConformanceTest[],
  withinMs: number,
): Promise<Again> {
  const defect = new AbortController()
  let last: Look | undefined
  const polled = await poll(
    {
      what: `${tests.map(({ id }) => id).join(', ')} hold again`,
      ...{ withinMs, everyMs: 1000, signal: AbortSignal.any([lab.signal, defect.signal]) },
    },
    async () => {
      try {
        const renewed = await lab.renewed()
        const { facts } = renewed
        const { verified, left } = await verifyInOrder(renewed, tests)
        last = { facts, verified }
        return { generation: facts.generation, left }
      } catch (error) {
        if (!isExpected(error)) defect.abort(error)
        throw error
      }
    },
    ({ left }) => left,
  )
  if (last === undefined) throw new Error('a look came to its end without a result')
  return { polled, ...last }
}

async function verifyInOrder(
  lab: ObserveContext,
  tests: readonly ConformanceTest[],
): Promise<{ readonly verified: readonly VerifiedAgain[]; readonly left: readonly string[] }> {
  const verified: VerifiedAgain[] = []
  for (const [index, test] of tests.entries()) {
    lab.signal.throwIfAborted()
    const one = await verifyAgain(lab, test)
    verified.push(one)
    if (!holds(one, lab.facts, tests)) return { verified, left: tests.slice(index).map(({ id }) => id) }
  }
  return { verified, left: [] }
}

async function verifyAgain(lab: ObserveContext, test: ConformanceTest): Promise<VerifiedAgain> {
  const { id } = test
  try {
    return { id, seen: await test.observe(lab) }
  } catch (error) {
    lab.signal.throwIfAborted()
    if (!isExpected(error)) throw error
    return { id, threw: threwOf(error) }
  }
}

/** By the policy that is the same for all. What is judged went through JSON, as it will be when it is judged again. */
export function holds(one: VerifiedAgain, facts: ClusterFacts, tests: readonly ConformanceTest[]): boolean {
  const test = tests.find(({ id }) => id === one.id)
  if ('threw' in one || test === undefined) return false
  const judged = test.judge(JSON.parse(JSON.stringify(one.seen)), facts)
  return decide(judged, { sharesKernel: facts.sharesKernel }).outcome === 'pass'
}
