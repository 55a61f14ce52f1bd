import type { FaultStep } from '../lib/fault/fault-sequence.ts'
import type { WayCount } from './steady-client.ts'

/** A step as it went. */
export interface StepTaken extends FaultStep {
  /** Where the fault is planted; empty where it could not be. */
  readonly host: string
  readonly outcome: 'done' | 'impossible here' | 'failed'
  /** Of the error, where there was one. */
  readonly observed?: string
  readonly startedAt: string
  /** Until the client had been watched for a while. */
  readonly seconds: number
  readonly client: readonly WayCount[]
}

/** Something that must hold whatever was planted before. */
export interface Invariant {
  readonly what: string
  readonly held: boolean
  readonly observed: string
}

/** The first thing that broke, and the step after which it was seen; 0 is before the first. */
export interface Broken {
  readonly step: number
  readonly what: string
}

export interface RandomFaultsResult {
  readonly taken: readonly StepTaken[]
  readonly invariants: readonly Invariant[]
  readonly broken: Broken | undefined
  readonly client: readonly WayCount[]
}
