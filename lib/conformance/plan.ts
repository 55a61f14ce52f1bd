import type { Topology } from '../topology/topology.ts'
import type { Suite } from './suite.ts'

/** A lab of a run and what is verified on it, in order. */
export interface PlannedLab {
  /** Unique in the run. */
  readonly name: string
  readonly topology: Topology
  readonly suites: readonly Suite[]
}
