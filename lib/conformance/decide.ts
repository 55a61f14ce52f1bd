import type { Judgement, Missing, Unseen } from '../observation/judgement.ts'
import type { ClusterFacts } from '../observation/facts.ts'
import { describeProblems } from '../observation/describe-problem.ts'
import { nodesOf, type Problem } from '../observation/problem.ts'
import { restsOnTime } from '../observation/rests-on-time.ts'
import { describeMissing } from './missing.ts'
import { shortList } from '../observation/finding.ts'
import { describeStarved, type StarvedHost } from './starved.ts'
import type { Evidence, Outcome, Verdict } from './verdict.ts'

export interface Circumstances {
  /** Hosts share a kernel that is not theirs to change, so what it lacks is no problem of the swarm. */
  readonly sharesKernel: boolean
  readonly evidence?: readonly Evidence[]
  /** Hosts that were short of processor time meanwhile. */
  readonly starved?: readonly StarvedHost[]
  /** Names of managers: what they are late with may be late everywhere. */
  readonly managers?: readonly string[]
}

/** The control that everything rests on that time alone may explain. */
const hadTime = 'hosts-not-starved'

/**
 * The policy, the same for all requirements:
 *
 * 1. something was seen that must not be → fail, whatever else is;
 * 2. something that should be was missed → fail if the controls it rests on held, else inconclusive;
 *    neither where hosts it is about, or managers, were starved meanwhile and time alone may explain it: then inconclusive;
 * 3. something is missing: of the swarm → fail (a skip where hosts share a kernel); of a tool or the topology → skip;
 * 4. a part could not be observed, or a control did not hold → inconclusive;
 * 5. nothing was concluded → inconclusive; else pass.
 */
export function decide(
  judged: Judgement,
  { sharesKernel, evidence = [], starved = [], managers = [] }: Circumstances,
): Verdict {
  const lacking = judged.missing.filter(({ of }) => of === 'swarm')
  const problems = [...judged.problems, ...(sharesKernel ? [] : lacking.flatMap(missingProblems))]
  const failedControls = new Set(judged.controls.filter(({ held }) => !held).map(({ name }) => name))
  const rests = ({ controls }: Problem): readonly string[] =>
    controls ?? judged.controls.map(({ name }) => name)
  const isLate = (problem: Problem): boolean =>
    restsOnTime(problem.code) && starved.some(({ node }) => managers.includes(node) || isAbout(problem, node))
  const decided = problems.filter(
    (problem) =>
      !isLate(problem) &&
      (problem.kind === 'seen' || !rests(problem).some((name) => failedControls.has(name))),
  )
  const controls = problems.some(isLate)
    ? [...judged.controls, { name: hadTime, held: false, observed: describeStarved(starved) }]
    : judged.controls
  const verdict = (outcome: Outcome, reason: string, shown: readonly Problem[] = problems): Verdict => ({
    outcome,
    reason,
    problems: shown,
    ...{
      controls,
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
  if (problems.some(isLate))
    return verdict(
      'inconclusive',
      `a control did not hold (${hadTime}): ${describeStarved(starved)}; what was late proves nothing:\n${describeProblems(problems)}`,
    )
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

/** What names no node may be about any. */
function isAbout(problem: Problem, node: string): boolean {
  const nodes = nodesOf(problem)
  return nodes.length === 0 || nodes.includes(node)
}

const rank = ({ kind }: Problem): number => (kind === 'seen' ? 0 : 1)

export function missingProblems({ what, nodes }: Missing): Problem[] {
  return nodes.map((node) => ({ code: 'module-missing', kind: 'seen', node, subject: what }))
}

function controlsText(names: ReadonlySet<string>): string {
  return `${names.size === 1 ? 'a control' : 'controls'} did not hold (${[...names].join(', ')})`
}

/** All are in the verdict. */
const mostNamed = 12

function describeUnseen({ what, nodes, why }: Unseen): string {
  const where = nodes.length === 0 ? '' : ` of ${shortList(nodes, mostNamed).join(', ')}`
  return `${what}${where} could not be observed${why === undefined ? '' : `: ${why}`}`
}

function shownEvidence({ tables, measures }: Judgement): Evidence[] {
  return [
    ...Object.entries(tables).map(([name, data]): Evidence => ({ kind: 'observation', name, data })),
    ...measures.map((measure): Evidence => ({ kind: 'measurement', ...measure })),
  ]
}

export function managersOf({ nodes }: Pick<ClusterFacts, 'nodes'>): string[] {
  return nodes.filter(({ role }) => role === 'manager').map(({ name }) => name)
}
