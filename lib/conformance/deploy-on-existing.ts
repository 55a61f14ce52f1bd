import { InputError, SwarmproofError } from '../error.ts'
import type { Host, Lab } from '../host/host.ts'
import type { Missing } from '../observation/judgement.ts'
import { type Progress, step } from '../progress.ts'
import type { Cluster } from '../swarm/cluster.ts'
import { deployStack } from '../swarm/deploy-stack.ts'
import { type StackRoom, withProbeTask } from '../swarm/stack-script.ts'
import { formSwarm, members } from '../swarm/form-swarm.ts'
import { type Guard, type GuardOptions, startGuard } from '../swarm/guard.ts'
import { LeftBehindError } from '../swarm/leftovers.ts'
import { listNodes } from '../swarm/network-view.ts'
import { loadProbeImage, type LoadOptions, pullProbeImage } from '../swarm/probe-image.ts'
import { newNonce, probeImageOf } from '../swarm/probe-task.ts'
import { readCluster } from '../swarm/read-cluster.ts'
import { stackNames } from '../swarm/stack.ts'
import { type FirstIngress, makeGatewayBridges, makeIngress, readIngress } from '../swarm/swarm-networks.ts'
import { newSwarmMark, removeSwarmMark } from '../swarm/swarm-mark.ts'
import { readSwarmState } from '../swarm/swarm-state.ts'
import { withToolbox } from '../swarm/toolbox.ts'
import type { Topology } from '../topology/topology.ts'
import type { BuildObservations } from './context.ts'
import { networksOfNewNodes, type ReadyLab, requestedNetworks, settle } from './bring-up.ts'
import type { Feature } from './test.ts'

export interface DeployOnExistingOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Value of the label `swarmproof` on everything that is created. */
  readonly runId: string
  readonly images: {
    /** Pulled on hosts that do not have it. Without it one is made here and loaded. */
    readonly probeImage?: string
    /** Where tools come from that hosts lack. */
    readonly toolboxImage?: string
  }
  /** Builds the swarm first, of hosts none of which is in one. */
  readonly init: boolean
  /** Takes a swarm that `init` built down again. */
  readonly leave: boolean
  /** Of the guard, but for what it is to remove. */
  readonly guard?: Partial<GuardOptions>
}

/** Disposing removes everything that was created, on all hosts, and waits until it is gone. */
export interface DeployedOnExisting extends AsyncDisposable {
  readonly raised: ReadyLab
  /**
   * Aborted when a host took this run for dead and removed everything by itself, with a SwarmproofError as the reason:
   * nothing that is seen from then on says anything about the network.
   */
  readonly lost: AbortSignal
}

/**
 * The stack on hosts that are somebody's, ready to be verified. Nothing there is changed but what is created, all of it
 * under the topology's name prefix and the run's label; from before the first thing is created the hosts are watched
 * over by a guard of their own, so that they are rid of it whatever becomes of this process.
 *
 * @param topology made by `withFootprint`, so that it is in nobody's way
 * @throws what went wrong, after everything that had been created was removed
 */
export async function deployOnExisting(
  topology: Topology,
  lab: Lab,
  options: DeployOnExistingOptions,
): Promise<DeployedOnExisting> {
  const { progress, runId } = options
  const inSwarm = members(lab.hosts)
  const before = await swarmStates(inSwarm, options)
  const guard = await step(progress, 'Setting guards', undefined, () =>
    startGuard(inSwarm, {
      onRestart: ({ name }) =>
        progress.note(`${name} was restarted; what was created there is still watched over`),
      ...options.guard,
      ...{ runId, prefix: stackNames(topology.stack).prefix },
    }),
  )
  // A host that removed what was created, or restarted, ends the waiting for tasks that will never run.
  const signal = AbortSignal.any([options.signal, guard.lost])
  try {
    const raised = await build(topology, lab, guard, before, { ...options, signal }).catch(
      (error: unknown) => {
        throw signal.aborted ? signal.reason : error
      },
    )
    signal.throwIfAborted()
    return { raised, lost: guard.lost, [Symbol.asyncDispose]: () => remove(guard, progress) }
  } catch (error) {
    await remove(guard, progress).catch((left: unknown) => {
      // Whoever interrupted is told that it was interrupted, and nothing else.
      if (options.signal.aborted) progress.note(left instanceof Error ? left.message : String(left))
      // There is no record to hold it yet: it is what the command ends with.
      throw left instanceof LeftBehindError ? new LeftBehindError(left.leftovers, error) : left
    })
    throw error
  }
}

function remove(guard: Guard, progress: Progress): Promise<void> {
  return step(progress, 'Removing what was created', undefined, async () => guard[Symbol.asyncDispose]())
}

interface Before {
  readonly host: Host
  readonly hasBridge: boolean
}

/** @throws InputError where a host is in a swarm and one was to be built, or is in none and none was */
async function swarmStates(hosts: readonly Host[], { init }: DeployOnExistingOptions): Promise<Before[]> {
  const states = await Promise.all(hosts.map(async (host) => ({ host, ...(await readSwarmState(host)) })))
  const wrong = states.filter(({ state }) => (init ? state !== 'inactive' : state !== 'active'))
  if (wrong.length === 0) return states
  const named = wrong.map(({ host, state }) => `${host.name} (${state})`).join(', ')
  throw new InputError(
    init
      ? {
          code: 'ALREADY_IN_SWARM',
          what: `--init builds a swarm from hosts that are in none, but ${named} ${wrong.length === 1 ? 'is' : 'are'} in one`,
          hint: 'leave out --init to verify the existing swarm; on a host that was left behind: docker swarm leave',
        }
      : {
          code: 'NOT_IN_SWARM',
          what: `not in a running swarm: ${named}`,
          hint: 'give --init to build a swarm of these hosts, and --leave to have it taken down again',
        },
  )
}

async function build(
  topology: Topology,
  lab: Lab,
  guard: Guard,
  before: readonly Before[],
  options: DeployOnExistingOptions,
): Promise<ReadyLab> {
  const { images, progress, signal, runId } = options
  const removes: LoadOptions['removes'] = (host, image, ids) => guard.removesImage(host, image, ids)
  const label = `swarmproof=${runId}`
  const hosts =
    images.toolboxImage === undefined
      ? lab.hosts
      : await withToolbox(lab.hosts, {
          ...{ progress, label, runId, removes, image: images.toolboxImage },
          removesFolder: (host, path) => guard.removesFolder(host, path),
        })
  const made = options.init ? await initialise(topology, hosts, guard, before, options) : undefined
  const { cluster, room, missing } = await roomOf(await readCluster(topology, hosts), progress)
  const ofImage = { progress, removes, name: probeImageOf(topology.stack) }
  const nodes = cluster.nodes.map(({ host }) => host)
  const image =
    images.probeImage === undefined
      ? await loadProbeImage(nodes, ofImage)
      : await pullProbeImage(nodes, { ...ofImage, image: images.probeImage })
  signal.throwIfAborted()
  const whole = withProbeTask(topology, { image, nonce: newNonce() })
  const refused = await deployStack(whole, cluster, { progress, signal, label: runId, room })
  const { stack, states } = await settle(stackNames(topology.stack), cluster, options)
  const built: BuildObservations = {
    builtAt: new Date().toISOString(),
    ...made,
    requested: requestedNetworks(topology),
  }
  return { lab: withHosts(lab, hosts), cluster, stack, built, states, label: runId, missing, refused }
}

/** A swarm of hosts that are in none. A half of one helps nobody: if it does not come about, all leave again. */
async function initialise(
  topology: Topology,
  hosts: readonly Host[],
  guard: Guard,
  before: readonly Before[],
  options: DeployOnExistingOptions,
): Promise<Pick<BuildObservations, 'networksBeforeServices' | 'firstIngress'>> {
  const { progress, leave } = options
  const mark = newSwarmMark()
  const noted = (words: readonly string[]): Promise<void[]> =>
    Promise.all(before.map(({ host, hasBridge }) => guard.leavesSwarm(host, words, { bridge: !hasBridge })))
  await noted([mark])
  await makeGatewayBridges(topology, hosts, options)
  await formSwarm(topology, hosts, {
    ...options,
    forming: {
      mark,
      initialised: async (nodeId, address) => void (await noted([nodeId, address])),
      joined: (host) => guard.joinedSwarm(host),
    },
  })
  const cluster = await readCluster(topology, hosts)
  const networksBeforeServices = await networksOfNewNodes(cluster, options.signal)
  const firstIngress: FirstIngress | undefined = await readIngress(cluster.manager.host)
  await makeIngress(topology, cluster.manager.host, options)
  if (!leave) {
    await Promise.all(before.map(({ host }) => guard.staysInSwarm(host)))
    await removeSwarmMark(cluster.manager.host)
    progress.note('The swarm stays when this run has ended; --leave takes it down again')
  }
  return { networksBeforeServices, ...(firstIngress === undefined ? {} : { firstIngress }) }
}

interface Room {
  readonly cluster: Cluster
  readonly room: StackRoom
  readonly missing: ReadonlyMap<Feature, Missing>
}

/** @throws InputError naming nodes of the swarm that run tasks and were not given, for nothing could be seen of them */
async function roomOf(cluster: Cluster, progress: Progress): Promise<Room> {
  const listed = await listNodes(cluster)
  const known = new Map(cluster.nodes.map((node) => [node.nodeId, node]))
  const strangers = listed.filter(({ id, state }) => state === 'ready' && !known.has(id))
  if (strangers.length > 0) {
    const names = strangers.map(({ hostname, address }) => `${hostname} (${address})`).join(', ')
    throw new InputError({
      code: 'NODES_NOT_GIVEN',
      what: `the swarm has nodes that were not given: ${names}`,
      expected: 'all of its nodes: tasks run on each of them, and each must be looked at',
      hint: 'add them to the inventory, or give one manager alone, from which all are found',
    })
  }
  const active = listed.filter(({ state, availability }) => state === 'ready' && availability === 'active')
  if (active.length === 0) {
    throw new SwarmproofError({
      code: 'NO_ACTIVE_NODE',
      what: 'no node of the swarm takes tasks',
      host: cluster.manager.host.name,
      observed: listed
        .map(({ hostname, state, availability }) => `${hostname}: ${state}, ${availability}`)
        .join('; '),
    })
  }
  const idle = listed.filter(({ id }) => known.has(id) && !active.some((node) => node.id === id))
  for (const { hostname, state, availability } of idle)
    progress.note(
      `${hostname} takes no tasks (${state}, ${availability}): nothing can be seen from tasks there`,
    )
  const manager = active.some(({ id }) => known.get(id)?.role === 'manager')
  const ingress = (await readIngress(cluster.manager.host)) !== undefined
  const missing = new Map<Feature, Missing>()
  const lacks = (what: string): Missing => ({ what, of: 'topology', nodes: [] })
  if (!manager) missing.set('active-manager', lacks('a manager that takes tasks'))
  if (active.length < 2)
    missing.set('two-nodes', lacks(`a second node that takes tasks (${active[0]?.hostname} alone does)`))
  return {
    cluster: withIdle(cluster, new Set(idle.map(({ id }) => id))),
    room: { nodes: active.length, manager, ingress },
    missing,
  }
}

function withIdle(cluster: Cluster, idle: ReadonlySet<string>): Cluster {
  const nodes = cluster.nodes.map((node) =>
    idle.has(node.nodeId) ? { ...node, takesTasks: false as const } : node,
  )
  return {
    ...cluster,
    nodes,
    manager: nodes.find(({ nodeId }) => nodeId === cluster.manager.nodeId) ?? cluster.manager,
  }
}

/** The same lab, entered with the toolbox. */
function withHosts(lab: Lab, hosts: readonly Host[]): Lab {
  return {
    id: lab.id,
    topology: lab.topology,
    hosts,
    startedFrom: lab.startedFrom,
    facts: lab.facts,
    standing: lab.standing,
    snapshots: lab.snapshots,
    keep: () => lab.keep(),
    sshArguments: (host) => lab.sshArguments(host),
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  }
}
