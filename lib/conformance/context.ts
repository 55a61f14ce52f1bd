import type { Cluster } from '../swarm/cluster.ts'
import type { FirstIngress } from '../swarm/swarm-networks.ts'
import type { Trial } from '../swarm/trial.ts'
import type { Host } from '../host/host.ts'
import type { Stack } from '../swarm/stack.ts'
import type { Probe } from '../probe/probe.ts'
import type { Capture, CapturePoint } from '../capture/capture.ts'
import type { Recorded } from '../capture/during.ts'
import type { DevicesState, HostState, RulesState } from '../observe/host-state.ts'
import type { Packet } from '../packet/packet.ts'
import type { ClusterFacts } from '../observation/facts.ts'
import type { Topology } from '../topology/topology.ts'
import type { CountProbes } from './sending.ts'

/** The lab that requirements are verified on. */
export interface TestContext {
  readonly topology: Topology
  readonly cluster: Cluster
  readonly stack: Stack
  /** Value of the label `swarmproof` on everything that tests create: the run's id. */
  readonly label: string
  /** Hosts of the lab that are not in the swarm. */
  readonly outsiders: readonly Host[]
  /** Own networks and services beside the stack; disposing removes them. `name` is part of every name it gives. */
  trial(name: string): Trial
  readonly probe: Probe
  readonly wire: Wire
  readonly signal: AbortSignal
  /** Datagrams a second that bursts may have on each way; undefined: as usual on such hosts. */
  readonly load?: number
  /** What was observed while the stack was built, maybe by an earlier run whose lab was saved. */
  readonly built: BuildObservations
  /** Kernel state of every node, read once per run and shared; `fresh` reads it again. */
  state(options?: { fresh: boolean }): Promise<ReadonlyMap<string, HostState>>
  /** The same lab seen again: its stack read again, nothing observed yet. For after something was disturbed. */
  renewed(): Promise<TestContext>
  /** Does `work` once per run, whoever asks first; others share its result or its error. */
  once<T>(key: string, work: (context: TestContext) => Promise<T>): Promise<T>
}

/** What a requirement observes with. It has no way to say whether anything is right. */
export interface ObserveContext extends Omit<TestContext, 'renewed' | 'state'> {
  /** The lab as data, of this generation. */
  readonly facts: ClusterFacts
  /** Observations shared by several requirements, made once per generation. */
  scene<T>(scene: Scene<T>): Promise<T>
  /** Kernel state of every node, read once per generation and shared. */
  state(): Promise<ReadonlyMap<string, HostState>>
  /** The same with tables that could not be read left empty; what a scene may store. `fresh`: as it is now. */
  kernel(options?: { readonly fresh: boolean }): Promise<ReadonlyMap<string, HostState>>
  /** As it is now, of devices alone: for who looks again and again. */
  devices(): Promise<ReadonlyMap<string, DevicesState>>
  /** As they are now, of every node's own firewall: for who looks at what rules count. */
  rules(): Promise<ReadonlyMap<string, RulesState>>
  /** Kernel state of every node as it is now; what others share stays as it is. */
  freshState(): Promise<ReadonlyMap<string, HostState>>
  /** Keeps packets as a pcap of their own, beside the verdict. */
  keepPackets(name: string, packets: readonly Packet[]): void
  /** A new generation: the stack read again, nothing observed yet. For after something was disturbed. */
  renewed(): Promise<ObserveContext>
}

/**
 * Observations that several requirements rest on: made once per generation, whoever asks first, stored once, and
 * referred to by each of them. A scene that threw throws for all who ask, and is stored as that.
 */
export interface Scene<T> {
  /** Unique; names the file. Lower case, digits and hyphens. */
  readonly key: string
  /** Plain JSON. */
  readonly record: (context: ObserveContext) => Promise<T>
  /** It sends between ordered pairs of nodes, of which there may be a sample: conclusions that rest on it say so. */
  readonly byPairs?: true
  /** How many probes it sends; none where not given. */
  readonly probes?: CountProbes
  /** Most of it is waiting for what engines do by themselves. */
  readonly listens?: true
}

export interface Wire {
  /**
   * Records while `work` is done, which begins when all captures were seen to record; they end with it, also when it
   * throws. On hosts that carry other people's traffic only the run's own is kept; see `KeepPolicy`.
   */
  during<T>(
    points: readonly CapturePoint[],
    work: (captures: readonly Capture[]) => Promise<T>,
  ): Promise<Recorded<T>>
}

export interface BuildObservations {
  readonly builtAt: string
  /**
   * Network name, driver and scope on each node after init and join, before any service. Undefined of a swarm that was
   * somebody's before: nobody looked then.
   */
  readonly networksBeforeServices?: Readonly<
    Record<string, readonly { name: string; driver: string; scope: string }[]>
  >
  /** Ingress as the engine made it at init, before a topology's own settings replaced it. */
  readonly firstIngress?: FirstIngress
  /** How the stack's networks were asked for, by role. */
  readonly requested: Readonly<Record<string, { subnet?: string; gateway?: string }>>
}
