import type { Attempt, KnownIssueFound, Outcome, Verdict } from './verdict.ts'
import type { Source } from './test.ts'
import type { Leftover } from '../swarm/leftovers.ts'
import type { Finding } from '../observation/finding.ts'
import type { Topology } from '../topology/topology.ts'

/**
 * `run.json`: a run as it is stored. Written as the run goes, so that a killed run leaves a readable one.
 * Readers must refuse a `schemaVersion` they do not know and ignore keys they do not know.
 */
export interface RunRecord {
  readonly schemaVersion: 3
  readonly runId: string
  readonly swarmproofVersion: string
  readonly startedAt: string
  /** Undefined while it runs, and for ever if it was killed. */
  endedAt?: string
  /** `out-of-time`: the deadline came before every requirement was reached. */
  state: 'running' | 'finished' | 'out-of-time' | 'interrupted' | 'harness-failed'
  /** The command that does it again. */
  readonly reproduce: string
  /** At least one, in the order they were verified. */
  labs: LabRecord[]
  /**
   * Every requirement that was selected, in order; `verdict` is undefined until it was reached. One requirement may
   * have been verified on several labs: an entry is known by its id and its lab together.
   */
  requirements: RequirementRecord[]
  /** Steps of bringing up and tearing down, with their times. */
  steps: StepRecord[]
  /** Why the run could not go on, one for each lab that failed; empty if nothing did. */
  failures: FailureRecord[]
  /** Findings of the diagnosis room. */
  findings: Finding[]
  /** What the run made and could not remove. */
  leftovers?: Leftover[]
}

/** A lab that requirements were verified on, or were to be. */
export interface LabRecord {
  /** Unique in its run: the topology's name, `three-node@20.10` where runs of several engines were merged. */
  readonly name: string
  readonly topology: Topology
  /** What made its hosts; undefined until the lab stood. */
  origin?: 'vm' | 'container' | 'ssh'
  startedFrom?: 'cold-boot' | 'template' | 'standing-lab' | 'found'
  standingSince?: string
  facts: Readonly<Record<string, string>>
  /** Members of the swarm; empty until the lab stood. */
  nodes: NodeRecord[]
  /** Undefined until its turn came. */
  startedAt?: string
  /** From its start until it was left. */
  durationMs?: number
}

export interface NodeRecord {
  readonly name: string
  readonly role: 'manager' | 'worker'
  readonly engineVersion: string
  readonly kernelRelease: string
  readonly advertiseAddress: string
  readonly dataPathAddress: string
}

export interface RequirementRecord {
  readonly id: string
  /** Name of the lab it is verified on. */
  readonly lab: string
  readonly requirement: string
  readonly source: readonly Source[]
  readonly safety: 'production' | 'lab'
  readonly advisory: boolean
  readonly method: string
  readonly usualCauses: readonly string[]
  readonly remedy: readonly string[]
  startedAt?: string
  durationMs?: number
  verdict?: Verdict
  /** Each time it was verified, oldest first; the last one is the verdict's. */
  attempts?: Attempt[]
  /** Of a failure: what is publicly known of the engines at hand. */
  knownIssues?: KnownIssueFound[]
}

export interface StepRecord {
  readonly what: string
  /** Name of the lab it belongs to. */
  readonly lab?: string
  readonly host?: string
  readonly startedAt: string
  readonly durationMs: number
  readonly outcome: 'done' | 'failed'
  readonly detail?: string
}

export interface FailureRecord {
  readonly step: string
  /** Name of the lab it happened on. */
  readonly lab?: string
  readonly host?: string
  /** Composed message: what, where, expected, observed, what to do. */
  readonly message: string
  /** Last lines of the log that matters. */
  readonly log: readonly string[]
  readonly logSource?: string
}

export type { Leftover }

export type { Finding }

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
export function summarize(record: RunRecord): Summary {
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
