import type { VersionRange } from '../topology/engine.ts'
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
  /** It restarts a host on purpose; a restart of existing hosts ends a run otherwise. */
  readonly restartsHosts?: true
  readonly needs: readonly Feature[]
  /** One of the dozen that find most faults: part of the quick profile. */
  readonly quick?: true
  /** How long it may take where its bounds need more than `--timeout` allows others. */
  readonly timeLimitMs?: number
  /** Why no fault can make it fail; only where `lib/fault` has none for it. */
  readonly unplantable?: string
  /** Mostly waits: only verified when it is named, or with `--slow`. */
  readonly slow?: true
  /** What is expected of some engines only, where versions differ. */
  readonly byEngine?: readonly EngineRule[]
  /** Public reports of engines that violate it; named when it fails on one of them. */
  readonly knownIssues?: readonly KnownIssue[]
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
export type Feature = KernelFeature | LabFeature

/** What the swarm's nodes must have. */
export type KernelFeature = 'two-nodes' | 'active-manager' | 'encrypted-overlay' | 'ipvs' | 'esp'

/** What a topology must be made with; see `topologyFeatures`. */
export type LabFeature =
  | 'outsider'
  | 'separate-data-path'
  | 'custom-data-path-port'
  | 'address-pools'
  | 'custom-ingress'
  | 'encrypted-ingress'
  | 'custom-gateway-bridge'
  | 'custom-mtu'

export interface EngineRule extends VersionRange {
  readonly expected: string
  readonly source: Source
}

export interface KnownIssue {
  /** e.g. `moby/moby#45636`. */
  readonly issue: string
  /** Every engine where not given. */
  readonly engines?: readonly VersionRange[]
  /** Only in a swarm that has other engines, too. */
  readonly besideOthers?: true
  /** Only on labs that are made so; everywhere where not given. */
  readonly lab?: LabFeature
  readonly what: string
}

export function conformanceTest(test: ConformanceTest): ConformanceTest {
  return Object.freeze(test)
}
