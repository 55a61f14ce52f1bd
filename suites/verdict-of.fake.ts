import { decide } from '../lib/conformance/decide.ts'
import type { ConformanceTest } from '../lib/conformance/test.ts'
import type { Verdict } from '../lib/conformance/verdict.ts'
import type { ClusterFacts } from '../lib/observation/facts.ts'
import { threeNodes } from './three-nodes.fake.ts'

/** What the runner decides of an observation, which goes through JSON first as stored ones do. */
export function verdictOf(
  test: Pick<ConformanceTest, 'id' | 'judge'>,
  seen: unknown,
  facts: ClusterFacts = threeNodes(),
): Verdict {
  const judged = test.judge?.(JSON.parse(JSON.stringify(seen)), facts)
  if (judged === undefined) throw new Error(`${test.id} has no judge`)
  return decide(judged, { sharesKernel: false })
}
