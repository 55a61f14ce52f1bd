import type { Judgement, Missing, Unseen } from '../observation/judgement.ts'
import { describeProblems } from '../observation/describe-problem.ts'
import type { Problem } from '../observation/problem.ts'
import { describeMissing } from './missing.ts'
import type { Evidence, Outcome, Verdict } from './verdict.ts'

export interface Circumstances {
  /** Hosts share a kernel that is not theirs to change, so what it lacks is no problem of the swarm. */
  readonly sharesKernel: boolean
  readonly evidence?: readonly Evidence[]
}

/**
 * The policy, the same for all requirements:
 *
 * 1. something was seen that must not be → fail, whatever else is;
 * 2. something that should be was missed → fail if the controls it rests on held, else inconclusive;
 * 3. something is missing: of the swarm → fail (a skip where hosts share a kernel); of a tool or the topology → skip;
 * 4. a part could not be observed, or a control did not hold → inconclusive;
 * 5. nothing was concluded → inconclusive; else pass.
 */
export function decide(judged: Judgement, { sharesKernel, evidence = [] }: Circumstances): Verdict {
  const lacking = judged.missing.filter(({ of }) => of === 'swarm')
  const problems = [...judged.problems, ...(sharesKernel ? [] : lacking.flatMap(missingProblems))]
  const failedControls = new Set(judged.controls.filter(({ held }) => !held).map(({ name }) => name))
  const rests = ({ controls }: Problem): readonly string[] =>
    controls ?? judged.controls.map(({ name }) => name)
  const decided = problems.filter(
    (problem) => problem.kind === 'seen' || !rests(problem).some((name) => failedControls.has(name)),
  )
  const verdict = (outcome: Outcome, reason: string, shown: readonly Problem[] = problems): Verdict => ({
    outcome,
    reason,
    problems: shown,
    ...{
      controls: judged.controls,
      measures: judged.measures,
      missing: judged.missing,
      unseen: judged.unseen,
    },
    evidence: [...evidence, ...shownEvidence(judged)],
  })
  if (decided.length > 0) {
    const order = [...decided].sort((a, b) => rank(a) - rank(b))
    return verdict('fail', describeProblems(order), order)
  }
  if (problems.length > 0)
    return verdict(
      'inconclusive',
      `${controlsText(failedControls)}, so what was missed proves nothing:\n${describeProblems(problems)}`,
    )
  if (judged.missing.length > 0) return verdict('skip', judged.missing.map(describeMissing).join('; '))
  if (judged.unseen.length > 0) return verdict('inconclusive', judged.unseen.map(describeUnseen).join('; '))
  if (failedControls.size > 0)
    return verdict('inconclusive', `${controlsText(failedControls)}, so "none seen" proves nothing`)
  if (judged.conclusion === '') return verdict('inconclusive', 'nothing was observed')
  return verdict('pass', judged.conclusion)
}

const rank = ({ kind }: Problem): number => (kind === 'seen' ? 0 : 1)

export function missingProblems({ what, nodes }: Missing): Problem[] {
  return nodes.map((node) => ({ code: 'module-missing', kind: 'seen', node, subject: what }))
}

function controlsText(names: ReadonlySet<string>): string {
  return `${names.size === 1 ? 'a control' : 'controls'} did not hold (${[...names].join(', ')})`
}

function describeUnseen({ what, nodes, why }: Unseen): string {
  const where = nodes.length === 0 ? '' : ` of ${nodes.join(', ')}`
  return `${what}${where} could not be observed${why === undefined ? '' : `: ${why}`}`
}

function shownEvidence({ tables, measures }: Judgement): Evidence[] {
  return [
    ...Object.entries(tables).map(([name, data]): Evidence => ({ kind: 'observation', name, data })),
    ...measures.map((measure): Evidence => ({ kind: 'measurement', ...measure })),
  ]
}
