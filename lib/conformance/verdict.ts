import type { Control, Measure, Missing, Unseen } from '../observation/judgement.ts'
import type { Problem } from '../observation/problem.ts'

/**
 * `inconclusive`: it could not be known. `skip`: something named is missing. `broken`: an error of swarmproof's own code
 * came instead of a verdict.
 */
export type Outcome = 'pass' | 'fail' | 'skip' | 'inconclusive' | 'broken'

export interface Verdict {
  readonly outcome: Outcome
  /** One or more sentences a tired engineer understands, composed of the data below. No code reads it. */
  readonly reason: string
  readonly problems: readonly Problem[]
  readonly controls: readonly Control[]
  readonly measures: readonly Measure[]
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
  /** The error that came instead of an observation. */
  readonly threw?: { readonly code: string; readonly host?: string }
  readonly evidence: readonly Evidence[]
}

/** What is publicly known of the engines at hand. */
export interface KnownIssueFound {
  /** e.g. `moby/moby#45636`. */
  readonly issue: string
  readonly engines: readonly string[]
  readonly what: string
}

/** One time that a requirement was verified; the last one counts. */
export interface Attempt {
  readonly generation: number
  readonly startedAt: string
  readonly durationMs: number
  readonly outcome: Outcome
  readonly problems: readonly Problem[]
  /** File of its observations, below the run's folder. */
  readonly observations?: string
  /** Why it did not count. */
  readonly repeated?: Repeated
}

/** `swarm-moved`: nodes or tasks were lost by themselves. `capture-incomplete`: a capture may have missed packets. */
export interface Repeated {
  readonly because: 'swarm-moved' | 'capture-incomplete'
  readonly lost: readonly Lost[]
}

/** What a swarm lost by itself. `node`: its state is another; `task`: its container runs no more. */
export interface Lost {
  readonly what: 'node' | 'task'
  readonly node: string
  readonly service?: string
  /** e.g. `Down Active`. */
  readonly state?: string
}

/** What a verdict rests on. Files are relative to the run's folder. */
export type Evidence =
  | { readonly kind: 'observation'; readonly name: string; readonly data: unknown }
  | {
      readonly kind: 'measurement'
      readonly name: string
      readonly value: number
      readonly unit: string
      readonly bound?: number
    }
  | {
      readonly kind: 'packets'
      readonly name: string
      readonly file: string
      readonly packets: number
      readonly summary: readonly string[]
    }
