import type { ClusterFacts } from '../observation/facts.ts'
import { problemKey } from '../observation/problem.ts'
import { decide, managersOf } from './decide.ts'
import { describeMissing } from './missing.ts'
import type { StoredObservation, Threw } from './observations.ts'
import type { RequirementRecord, RunRecord } from './run-record.ts'
import { StoredFiles } from './stored-files.ts'
import type { ConformanceTest } from './test.ts'
import type { Attempt, Evidence, Verdict } from './verdict.ts'
import { judgedSafely, plainVerdict } from './verify.ts'

/** What judging a stored run again made of one requirement. */
export interface Rejudged {
  readonly id: string
  readonly lab: string
  readonly before: Verdict['outcome']
  readonly now: Verdict['outcome']
  /** Keys of problems that only one of both has. */
  readonly gone: number
  readonly added: number
}

export interface Judged {
  readonly record: RunRecord
  readonly changed: readonly Rejudged[]
  readonly judged: number
  readonly files: StoredFiles
}

/**
 * Judges every attempt of a stored run again, from its observations alone. What has none (a skip without observing, a
 * run of before) stays as it was.
 *
 * @param runFolder where `observations/` lies; a copied folder will do
 * @returns the run with today's verdicts, and what is different; findings are the caller's, by the `files` that were read
 */
export function judgeRun(record: RunRecord, runFolder: string, tests: readonly ConformanceTest[]): Judged {
  const files = new StoredFiles(runFolder)
  const changed: Rejudged[] = []
  let judged = 0
  const requirements = record.requirements.map((requirement) => {
    const test = tests.find(({ id }) => id === requirement.id)
    const { verdict, attempts } = requirement
    if (verdict === undefined || attempts === undefined || test?.judge === undefined) return requirement
    const again = attempts.map((attempt) => judgedAgain(attempt, test, requirement, files))
    const last = again.at(-1)
    if (last?.verdict === undefined) return requirement
    judged += 1
    const moved = last.attempt.repeated?.because === 'swarm-moved'
    // What a moving swarm makes of a verdict was decided when it was seen to move.
    const now = moved ? { ...last.verdict, outcome: verdict.outcome, reason: verdict.reason } : last.verdict
    const difference = differenceOf(requirement, verdict, now)
    if (difference !== undefined) changed.push(difference)
    return { ...requirement, verdict: now, attempts: again.map(({ attempt }) => attempt) }
  })
  return { record: { ...record, requirements }, changed, judged, files }
}

function judgedAgain(
  attempt: Attempt,
  test: ConformanceTest,
  { verdict }: RequirementRecord,
  files: StoredFiles,
): { readonly attempt: Attempt; readonly verdict?: Verdict } {
  if (attempt.observations === undefined) return { attempt }
  const { stored, facts } = files.read(attempt.observations)
  const evidence = (verdict?.evidence ?? []).filter((piece): piece is Evidence => piece.kind === 'packets')
  const now =
    'threw' in stored && stored.threw !== undefined
      ? thrown(stored.threw, evidence)
      : judge(test, stored, facts, evidence, attempt.starved)
  return { attempt: { ...attempt, outcome: now.outcome, problems: now.problems }, verdict: now }
}

function judge(
  test: ConformanceTest,
  { seen }: StoredObservation,
  facts: ClusterFacts,
  evidence: readonly Evidence[],
  starved: Attempt['starved'] = [],
): Verdict {
  const found = judgedSafely(test, seen, { facts })
  if ('judged' in found)
    return decide(found.judged, {
      ...{ sharesKernel: facts.sharesKernel, managers: managersOf(facts), evidence, starved },
    })
  const { name, message } = found.error as Error
  return plainVerdict('broken', `an error in swarmproof itself: ${name}: ${message}`, evidence)
}

function thrown({ name, message, code, host, missing }: Threw, evidence: readonly Evidence[]): Verdict {
  if (missing !== undefined)
    return { ...plainVerdict('skip', describeMissing(missing), evidence), missing: [missing] }
  return code !== undefined
    ? {
        ...plainVerdict('inconclusive', message, evidence),
        threw: { code, ...(host === undefined ? {} : { host }) },
      }
    : plainVerdict('broken', `an error in swarmproof itself: ${name}: ${message}`, evidence)
}

function differenceOf({ id, lab }: RequirementRecord, before: Verdict, now: Verdict): Rejudged | undefined {
  const [old, fresh] = [before, now].map(({ problems }) => new Set(problems.map(problemKey)))
  const gone = [...(old ?? [])].filter((key) => !fresh?.has(key)).length
  const added = [...(fresh ?? [])].filter((key) => !old?.has(key)).length
  if (before.outcome === now.outcome && gone === 0 && added === 0) return undefined
  return { id, lab, before: before.outcome, now: now.outcome, gone, added }
}
