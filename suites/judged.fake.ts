import { decide } from '../lib/conformance/decide.ts'
import type { Outcome } from '../lib/conformance/verdict.ts'
import type { ConformanceTest } from '../lib/conformance/test.ts'
import type { ClusterFacts } from '../lib/observation/facts.ts'
import type { Judgement } from '../lib/observation/judgement.ts'
import { threeNodes } from './three-nodes.fake.ts'

/** What a requirement makes of an observation that went through JSON. */
export function judge(test: ConformanceTest, seen: unknown, facts: ClusterFacts = threeNodes()): Judgement {
  return test.judge(JSON.parse(JSON.stringify(seen)), facts)
}

/** By the policy that is the same for all, on hosts that are the swarm's own. */
export function outcomeOf(judged: Judgement): Outcome {
  return decide(judged, { sharesKernel: false }).outcome
}
