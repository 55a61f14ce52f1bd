import type { TestContext } from './context.ts'

/** One requirement and how it is verified. One literal per requirement; see `suites/`. */
export interface ConformanceTest {
  /** e.g. `ENC-01`; stable for ever. */
  readonly id: string
  /** The sentence of REQUIREMENTS. */
  readonly requirement: string
  readonly source: readonly Source[]
  /** `production`: creates only its own labelled networks and services. `lab`: may break or shape its hosts. */
  readonly safety: 'production' | 'lab'
  /** Advisory requirements report a finding and never decide the exit code. */
  readonly advisory?: true
  readonly needs: readonly Feature[]
  /** How it is verified, in two or three sentences. */
  readonly method: string
  /** What usually breaks it, most frequent first. */
  readonly usualCauses: readonly string[]
  /** What mends it: things to type or to change. */
  readonly remedy: readonly string[]
  /** Asserts by chai: an AssertionError means the network failed, anything else that the harness did. */
  run(context: TestContext): Promise<void>
}

export interface Source {
  readonly document: string
  readonly section?: string
}

/** What a lab or cluster must offer for a test to make sense; a missing one skips the test by name. */
export type Feature = 'two-nodes' | 'encrypted-overlay' | 'ipvs' | 'esp'

export function conformanceTest(test: ConformanceTest): ConformanceTest {
  return Object.freeze(test)
}
