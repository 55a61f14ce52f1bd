import { basename, join } from 'node:path'
import { firstLineOf } from '../error.ts'
import { guardedState } from '../observe/guarded-state.ts'
import type { HostState } from '../observe/host-state.ts'
import type { ClusterFacts } from '../observation/facts.ts'
import type { PairChoice } from '../observation/pair-sample.ts'
import { agentProbe } from '../probe/agent-probe.ts'
import { countingProbe } from '../probe/counting-probe.ts'
import { sparingProbe } from '../probe/sparing-probe.ts'
import { withProbeTask } from '../swarm/stack-script.ts'
import { readStack } from '../swarm/read-stack.ts'
import { Trial } from '../swarm/trial.ts'
import type { Topology } from '../topology/topology.ts'
import type { ObserveContext, Scene, TestContext } from './context.ts'
import { factsOf } from './facts.ts'
import { causeOfThrown } from './missing.ts'
import { type Observations, threwOf } from './observations.ts'
import { type ReadyLab, readDevicesOfNodes, readRulesOfNodes, readStates } from './bring-up.ts'
import type { RunStore } from './run-store.ts'
import type { ConformanceTest } from './test.ts'
import { waysOf } from './ways.ts'
import { wiresOf } from './wires.ts'

/** What all tests of one lab share. On hosts swarmproof did not make its wire keeps the run's own traffic alone. */
export interface SharedContext extends ContextOf {
  /**
   * What one requirement works with: its own captures see everything where its owner named it as disruptive. What it
   * shares with others, and what it verifies again of others, still sees the run's own traffic alone.
   */
  asking(test: Pick<ConformanceTest, 'id' | 'safety'>): ContextOf
}

/** What one requirement observes with, and where that is kept. */
export interface ContextOf
  extends Omit<TestContext, 'renewed'>, Omit<ObserveContext, 'state' | 'keepPackets'> {
  readonly facts: ClusterFacts
  readonly generation: number
  readonly observations: Observations
  renewed(): Promise<ContextOf & ObserveContext>
}

export interface SharedContextOptions {
  readonly topology: Topology
  readonly signal: AbortSignal
  readonly store: RunStore
  readonly observations: Observations
  /** Folder for captures, below the run's. */
  readonly captures: string
  /** Whether the states that were read when the lab came up are still true. */
  readonly statesAreCurrent: boolean
  /** Ids that may disrupt or reconfigure hosts swarmproof did not make; each of these looks at traffic of all kinds. */
  readonly disruptive?: readonly string[]
  /** Of bursts, where it was named. */
  readonly load?: number
  /** Of ordered pairs of nodes, where there are many. */
  readonly pairs?: PairChoice
  /** Told how many probes are sent, whenever some are. */
  readonly onSent?: (probes: number) => void
}

/** Begins a generation: scenes and states are observed once for it. A lab that was put back needs a new one. */
export function sharedContext(raised: ReadyLab, options: SharedContextOptions): SharedContext {
  const { observations } = options
  const generation = observations.next()
  const facts = factsOf(raised, options.topology, generation, options.pairs)
  observations.keepFacts(facts)
  const memory = new Map<string, Promise<unknown>>()
  let renewals = 0
  let states = options.statesAreCurrent ? Promise.resolve(raised.states) : undefined
  const readStatesOnce = (): Promise<ReadonlyMap<string, HostState>> =>
    (states ??= readStates(raised.cluster))
  const freshState = (): Promise<ReadonlyMap<string, HostState>> => readStates(raised.cluster).then(guarded)
  const wires = wiresOf(raised, {
    folder: join(options.store.folder, options.captures),
    states: readStatesOnce,
    log: (entry) => options.store.log.info(entry),
  })
  const label = raised.label ?? basename(options.store.folder)
  // What tests add runs what the stack runs, also on a lab that was built before.
  const topology = withProbeTask(options.topology, raised.stack.probeTask)
  const shared: SharedContext = {
    ...{ label, topology, generation, facts, observations },
    cluster: raised.cluster,
    stack: raised.stack,
    built: raised.built,
    outsiders: raised.lab.hosts.filter((host) => host.node.role === 'outsider'),
    trial: (name) =>
      new Trial(raised.cluster, {
        name,
        label,
        stack: topology.stack,
        signal: options.signal,
      }),
    probe: sparingProbe(countingProbe(agentProbe(), options.onSent ?? (() => undefined)), waysOf(facts)),
    wire: wires.usual,
    signal: options.signal,
    ...(options.load === undefined ? {} : { load: options.load }),
    state: (which) => (which?.fresh ? freshState() : readStatesOnce().then(guarded)),
    freshState,
    kernel: (which) => (which?.fresh ? readStates(raised.cluster) : readStatesOnce()),
    devices: () => readDevicesOfNodes(raised.cluster),
    rules: () => readRulesOfNodes(raised.cluster),
    async renewed() {
      renewals += 1
      const stack = await readStack(raised.stack.names, raised.cluster)
      const captures = join(options.captures, `renewed-${renewals}`)
      const renewed = sharedContext({ ...raised, stack }, { ...options, captures, statesAreCurrent: false })
      return { ...renewed, keepPackets: () => undefined }
    },
    asking({ id, safety }) {
      return safety === 'lab' && options.disruptive?.includes(id) ? { ...shared, wire: wires.open } : shared
    },
    once<T>(key: string, work: (context: SharedContext) => Promise<T>): Promise<T> {
      const known = memory.get(key) as Promise<T> | undefined
      if (known !== undefined) return known
      const started = work(shared)
      memory.set(key, started)
      return started
    },
    scene<T>({ key, record }: Scene<T>): Promise<T> {
      return shared.once(`scene ${key}`, async () => {
        try {
          const seen = await record({ ...shared, keepPackets: () => undefined })
          observations.keepScene(key, generation, { seen })
          return seen
        } catch (error) {
          const cause = causeOfThrown(error)
          options.store.log.info({ scene: key, generation, threw: firstLineOf(cause) })
          observations.keepScene(key, generation, { threw: threwOf(cause) })
          throw cause
        }
      })
    },
  }
  return shared
}

function guarded(states: ReadonlyMap<string, HostState>): ReadonlyMap<string, HostState> {
  return new Map([...states].map(([host, state]) => [host, guardedState(state)]))
}
