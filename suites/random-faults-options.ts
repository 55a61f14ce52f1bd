import type { Fault } from '../lib/fault/fault.ts'
import type { Traces } from './lab-traces.ts'
import type { StepTaken } from './random-faults-result.ts'
import type { SteadyClient } from './steady-client.ts'

export interface RandomFaultsOptions {
  readonly seed: string
  readonly steps: number
  /** Those that may be planted. */
  readonly pool: readonly Fault[]
  readonly plant: (fault: Fault) => ReturnType<Fault['plant']>
  readonly client: SteadyClient
  readonly traces: () => Promise<Traces>
  /** What is not as before the first step, in words. */
  readonly changes: () => Promise<readonly string[]>
  /** Verifies `quick`: what does not hold, in words. */
  readonly verify: () => Promise<readonly string[]>
  readonly onStep: (step: StepTaken) => void
  readonly signal: AbortSignal
  /** How long the client is watched after each step. */
  readonly watchMs: number
  /** Within which the client is answered again on every way once nothing is planted. */
  readonly answeredWithinMs: number
  /** The lab is disposed at the end: what an abort keeps from being removed goes with it. */
  readonly disposed?: boolean
  /** Within which kernels and engines put back what they put back by themselves. */
  readonly tracesWithinMs?: number
}
