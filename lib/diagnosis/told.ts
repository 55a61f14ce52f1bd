import { describeProblem } from '../observation/describe-problem.ts'
import type { Problem } from '../observation/problem.ts'

const most = 6

/** Problems that prove a finding, in the words of their verdicts. */
export const told = (problems: readonly Problem[]): readonly string[] =>
  problems.slice(0, most).map(describeProblem)
