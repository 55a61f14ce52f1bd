import type { Outcome } from './verdict.ts'
import type {
  StoredFailure,
  StoredLab,
  StoredNode,
  StoredRequirement,
  StoredRun,
  StoredStep,
} from './run-record-schema.ts'
import type { Leftover } from '../swarm/leftovers.ts'
import type { Finding } from '../observation/finding.ts'

/** What is filled in as the run goes; the rest stays as it was. */
type Filled<T, Key extends keyof T> = Omit<T, Key> & { -readonly [K in keyof Pick<T, Key>]: T[K] }

/**
 * `run.json`: a run as it is stored. Written as the run goes, so that a killed run leaves a readable one.
 * Readers must refuse a `schemaVersion` they do not know and ignore keys they do not know. Its fields are described
 * where they are declared, in `run-record-schema.ts`.
 */
export type RunRecord = Omit<Filled<StoredRun, 'endedAt' | 'state'>, Lists> & {
  labs: LabRecord[]
  requirements: RequirementRecord[]
  steps: StepRecord[]
  failures: FailureRecord[]
  findings: Finding[]
  leftovers?: Leftover[]
}

/** Grow as the run goes. */
type Lists = 'labs' | 'requirements' | 'steps' | 'failures' | 'findings' | 'leftovers'

/** A lab that requirements were verified on, or were to be. */
export type LabRecord = Omit<
  Filled<
    StoredLab,
    | 'origin'
    | 'startedFrom'
    | 'standingSince'
    | 'facts'
    | 'pairs'
    | 'expected'
    | 'verified'
    | 'startedAt'
    | 'durationMs'
    | 'calls'
    | 'slowedDown'
  >,
  'nodes'
> & { nodes: NodeRecord[] }

export type NodeRecord = StoredNode
export type RequirementRecord = Filled<
  StoredRequirement,
  'startedAt' | 'durationMs' | 'verdict' | 'attempts' | 'knownIssues'
>
export type StepRecord = StoredStep
export type FailureRecord = StoredFailure

export type { Leftover }

export type { Finding }

/** Does not hold, and decides: what is advisory stops no run. */
export function isBroken({ verdict, advisory }: RequirementRecord): boolean {
  return !advisory && ['fail', 'inconclusive', 'broken'].includes(verdict?.outcome ?? '')
}

/** Headline of a run: what the exit code says, in a word. */
export type Conclusion = 'conformant' | 'not conformant' | 'inconclusive'

export interface Summary {
  readonly conclusion: Conclusion
  /** True with skips or with requirements that were never reached. */
  readonly partial: boolean
  readonly counts: Readonly<Record<Outcome | 'unreached', number>>
}

/**
 * Not conformant if a binding requirement failed; else inconclusive if one is inconclusive or unreached, the
 * run did not finish, or nothing passed; else conformant. Advisory requirements never decide.
 */
export function summarizeRun(record: RunRecord): Summary {
  const counts = { pass: 0, fail: 0, skip: 0, inconclusive: 0, broken: 0, unreached: 0 }
  let failed = false
  let unknown = record.state !== 'finished'
  for (const requirement of record.requirements) {
    const outcome = requirement.verdict?.outcome ?? 'unreached'
    counts[outcome] += 1
    if (requirement.advisory) continue
    if (outcome === 'fail') failed = true
    if (outcome === 'inconclusive' || outcome === 'broken' || outcome === 'unreached') unknown = true
  }
  const conclusion: Conclusion = failed
    ? 'not conformant'
    : unknown || counts.pass === 0
      ? 'inconclusive'
      : 'conformant'
  return { conclusion, partial: counts.skip > 0 || counts.unreached > 0, counts }
}
