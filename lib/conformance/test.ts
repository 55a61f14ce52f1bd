import { sampleNote } from '../observation/pair-sample.ts'
import type { VersionRange } from '../topology/engine.ts'
import type { ProblemCode } from '../observation/codes.ts'
import type { ClusterFacts } from '../observation/facts.ts'
import type { Judgement } from '../observation/judgement.ts'
import type { ObserveContext, Scene } from './context.ts'
import type { CountProbes, Sending } from './sending.ts'

/** What is stated of one requirement. One literal per requirement; see `suites/`. */
export interface Declaration {
  /** e.g. `ENC-01`; stable for ever. */
  readonly id: string
  /** The sentence of REQUIREMENTS. */
  readonly requirement: string
  readonly source: readonly Source[]
  /** `production`: creates only its own labelled networks and services. `lab`: may disrupt or reconfigure its hosts. */
  readonly safety: 'production' | 'lab'
  /** Advisory requirements report a finding and never decide the exit code. */
  readonly advisory?: true
  /** It restarts a host on purpose; a restart of existing hosts ends a run otherwise. */
  readonly restartsHosts?: true
  readonly needs: readonly Feature[]
  /** One of the few that find most faults: part of the quick profile. */
  readonly quick?: true
  /** How long it may take where its bounds need more than `--timeout` allows others. */
  readonly timeLimitMs?: number
  /** Why no fault can make it fail; only where `lib/fault` has none for it. */
  readonly unplantable?: string
  /** Only hosts that were made for it can keep it: on existing hosts it is verified when it is named, and skipped by name. */
  readonly ownHosts?: true
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
  /** What fixes it: things to type or to change. */
  readonly remedy: readonly string[]
}

/** One requirement and how it is verified. */
export interface ConformanceTest extends Declaration {
  /** Codes of the problems its judgement may report. */
  readonly codes: readonly ProblemCode[]
  /** What it changes of the lab beyond sending traffic. */
  readonly changes: readonly Change[]
  /** What must not happen on the lab meanwhile. */
  readonly quiet: readonly Quiet[]
  /** The most tasks it has at once beside the stack; none where not given. */
  readonly ownTasks?: number
  /** Keys of the scenes it rests on. */
  readonly reads: readonly string[]
  /** It changes nothing, and spends its time waiting for what comes by itself. */
  readonly listens?: true
  /** What those scenes send and what it sends beside them; nothing where not given. */
  readonly sends?: readonly Sending[]
  readonly observe: (context: ObserveContext) => Promise<unknown>
  readonly judge: (seen: unknown, facts: ClusterFacts) => Judgement
}

/** `service`, `network`: own ones are created; `stack`: what others verify; `node`, `engine`, `host`: those. */
export type Change = 'service' | 'network' | 'stack' | 'node' | 'engine' | 'host'

/**
 * What would spoil its figures: `traffic` of others on the same interfaces, `tasks` that start or end anywhere, other
 * `changes` of the lab.
 */
export type Quiet = 'traffic' | 'tasks' | 'changes'

/** A requirement parted into what it observes and what it makes of that. */
export interface Requirement<O, C extends ProblemCode> extends Declaration {
  readonly codes: readonly C[]
  readonly changes: readonly Change[]
  readonly quiet: readonly Quiet[]
  /** The most tasks it has at once beside the stack; none where not given. */
  readonly ownTasks?: number
  readonly reads: readonly Scene<unknown>[]
  /** As of `ConformanceTest`; where not given, what rests on scenes alone that listen. */
  readonly listens?: true
  /** How many probes it sends beside its scenes; none where not given. */
  readonly probes?: CountProbes
  /** Does all of the traffic and changes, undoes them, and returns plain JSON without a verdict or a sentence of ours. */
  readonly observe: (context: ObserveContext) => Promise<O>
  /** Pure and synchronous; sees what was observed after it went through JSON. */
  readonly judge: (seen: O, facts: ClusterFacts) => Judgement
}

export function requirement<O, const C extends ProblemCode>(declared: Requirement<O, C>): ConformanceTest {
  const { reads, judge, probes, ...others } = declared
  const byPairs = reads.some((one) => one.byPairs === true)
  const restsOnListening = reads.length > 0 && probes === undefined && reads.every((one) => one.listens)
  return Object.freeze({
    ...others,
    ...(restsOnListening ? { listens: true as const } : {}),
    reads: reads.map(({ key }) => key),
    sends: [...reads, { key: declared.id, ...(probes === undefined ? {} : { probes }) }].flatMap(
      ({ key, probes: count }) => (count === undefined ? [] : [{ key, probes: count }]),
    ),
    judge: (seen: unknown, facts: ClusterFacts) => {
      const judged = judge(seen as O, facts)
      const undeclared = judged.problems.find(
        ({ code, via }) => via === undefined && !(declared.codes as readonly ProblemCode[]).includes(code),
      )
      if (undeclared !== undefined)
        throw new Error(`${declared.id} does not declare the code ${undeclared.code}`)
      return byPairs && judged.conclusion !== ''
        ? { ...judged, conclusion: `${judged.conclusion}${sampleNote(facts)}` }
        : judged
    },
  })
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
