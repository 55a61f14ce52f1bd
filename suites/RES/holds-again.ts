import { setTimeout as delay } from 'node:timers/promises'
import { AssertionError } from 'chai'
import type { EvidenceLog, ObserveContext, TestContext } from '../../lib/conformance/context.ts'
import { decide } from '../../lib/conformance/decide.ts'
import type { ConformanceTest } from '../../lib/conformance/test.ts'

export interface Again {
  /** What was done to the lab, as a clause: 'worker2 was drained and is active again'. */
  readonly since: string
  readonly withinMs: number
}

/**
 * Verifies other requirements anew, on the lab as it is now, until all of them hold in one look.
 * Returns the seconds until that look had ended: an upper bound, because a look itself takes time.
 * @throws AssertionError with what still did not hold when the bound ran out; another error if that could not be seen
 */
export async function holdsAgain(
  context: TestContext,
  tests: readonly ConformanceTest[],
  { since, withinMs }: Again,
): Promise<number> {
  const startedAt = performance.now()
  const elapsed = (): number => Math.round((performance.now() - startedAt) / 100) / 10
  for (;;) {
    const problem = await firstProblem(context, tests)
    const seconds = elapsed()
    context.signal.throwIfAborted()
    if (problem === undefined) return seconds
    if (seconds * 1000 > withinMs) throw exceeded(since, withinMs, seconds, problem)
    await delay(1000, undefined, { signal: context.signal })
  }
}

interface Problem {
  readonly id: string
  readonly error: Error
}

async function firstProblem(
  context: TestContext,
  tests: readonly ConformanceTest[],
): Promise<Problem | undefined> {
  let current = 'stack'
  try {
    const renewed = await context.renewed()
    for (const test of tests) {
      current = test.id
      await verifiedAgain(test, renewed)
    }
    return undefined
  } catch (thrown) {
    return { id: current, error: thrown instanceof Error ? thrown : new Error(String(thrown)) }
  }
}

/** @throws AssertionError where it does not hold */
async function verifiedAgain(
  test: ConformanceTest,
  lab: Awaited<ReturnType<TestContext['renewed']>>,
): Promise<void> {
  if (test.run !== undefined) return test.run({ ...lab, evidence: unheard })
  const context = lab as ObserveContext
  const seen: unknown = JSON.parse(JSON.stringify(await test.observe?.(context)))
  const judged = test.judge?.(seen, context.facts)
  if (judged === undefined) throw new Error(`${test.id} cannot be verified again`)
  const { outcome, reason } = decide(judged, { sharesKernel: context.facts.sharesKernel })
  if (outcome === 'fail') throw new AssertionError(reason)
  if (outcome !== 'pass') throw new Error(reason)
}

/** Evidence of looks that are repeated is not kept; what decided is in the message. */
const unheard: EvidenceLog = {
  observe: () => undefined,
  measure: () => undefined,
  packets: () => undefined,
  conclude: () => undefined,
}

function exceeded(since: string, withinMs: number, seconds: number, { id, error }: Problem): Error {
  const text = `${since}, and ${id} does not hold again within ${withinMs / 1000} s; looked at last after ${seconds} s:\n${error.message}`
  return error.name === 'AssertionError' ? new AssertionError(text) : new Error(text, { cause: error })
}
