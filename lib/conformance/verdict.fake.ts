import type { Outcome, Verdict } from './verdict.ts'

/** A verdict of which only what is given is there; for tests. */
export function exampleVerdict(
  outcome: Outcome,
  reason: string,
  given: Partial<Omit<Verdict, 'outcome' | 'reason'>> = {},
): Verdict {
  return {
    outcome,
    reason,
    ...{ problems: [], controls: [], measures: [], missing: [], unseen: [], evidence: [] },
    ...given,
  }
}
