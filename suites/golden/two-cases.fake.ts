import { diagnose } from '../../lib/diagnosis/diagnosis.ts'
import type { RequirementRecord, RunRecord } from '../../lib/conformance/run-record.ts'
import type { Outcome } from '../../lib/conformance/verdict.ts'
import { judgingStored } from '../../lib/cli/explain-stored.ts'
import type { Finding } from '../../lib/observation/finding.ts'
import { readGolden } from './golden-case.ts'

const gravest: readonly Outcome[] = ['fail', 'inconclusive', 'skip', 'pass']

/**
 * What is said where two golden cases of one lab were one: the kernels of the first, and what requirements missed or saw in
 * both. Findings of the second that rest on its kernels cannot be had that way.
 */
export function explainBoth(first: string, second: string): Finding[] {
  return judgingStored(readGolden(second).files, (other) =>
    judgingStored(readGolden(first).files, (one, read) =>
      diagnose({ ...one, requirements: bothOf(one, other) }, read),
    ),
  )
}

function bothOf(one: RunRecord, other: RunRecord): RequirementRecord[] {
  const [lab] = one.labs
  const merged = new Map(one.requirements.map((each) => [each.id, each]))
  for (const each of other.requirements) {
    const mine = merged.get(each.id)
    const { verdict } = each
    if (mine?.verdict === undefined || verdict === undefined)
      merged.set(each.id, { ...each, ...(lab === undefined ? {} : { lab: lab.name }) })
    else
      merged.set(each.id, {
        ...mine,
        verdict: {
          ...mine.verdict,
          outcome:
            gravest.find((outcome) => [mine.verdict?.outcome, verdict.outcome].includes(outcome)) ??
            verdict.outcome,
          problems: [...mine.verdict.problems, ...verdict.problems],
        },
      })
  }
  return [...merged.values()]
}
