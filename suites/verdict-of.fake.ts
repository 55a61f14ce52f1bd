import { decide } from '../lib/conformance/decide.ts'
import type { ConformanceTest } from '../lib/conformance/test.ts'
import type { Verdict } from '../lib/conformance/verdict.ts'
import type { ClusterFacts } from '../lib/observation/facts.ts'
import { judge } from './judged.fake.ts'

/** What the runner decides of an observation, on hosts that are the swarm's own. */
export function verdictOf(test: ConformanceTest, seen: unknown, facts?: ClusterFacts): Verdict {
  return decide(judge(test, seen, facts), { sharesKernel: false })
}
