import { boundAmong } from '../bound-among.ts'
import { firstLineOf, SwarmproofError } from '../error.ts'
import { type Look, eventually } from '../eventually.ts'
import type { Host, HostProvider, Lab } from '../host/host.ts'
import type { DevicesState, HostState, RulesState } from '../observe/host-state.ts'
import { readDevices, readHostState, readRules } from '../observe/read-host-state.ts'
import { labImage } from '../loaded-image.ts'
import type { Missing } from '../observation/judgement.ts'
import { type Progress, step } from '../progress.ts'
import type { Cluster } from '../swarm/cluster.ts'
import { deployStack, tasksRunning } from '../swarm/deploy-stack.ts'
import { stackRecipe, withProbeTask } from '../swarm/stack-script.ts'
import { formSwarm, listNetworks, nodesReady } from '../swarm/form-swarm.ts'
import { standingImage } from '../swarm/probe-image.ts'
import { newNonce } from '../swarm/probe-task.ts'
import { readCluster } from '../swarm/read-cluster.ts'
import type { RefusedTask } from '../swarm/refused-tasks.ts'
import { readStack } from '../swarm/read-stack.ts'
import { makeGatewayBridges, makeIngress, readIngress } from '../swarm/swarm-networks.ts'
import { type Stack, type StackNames, stackNames } from '../swarm/stack.ts'
import type { Topology } from '../topology/topology.ts'
import type { BuildObservations } from './context.ts'
import type { Feature } from './test.ts'
import { unsettled } from './settle.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'

export interface BringUpOptions {
  readonly provider: HostProvider
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly fresh: boolean
  readonly runId: string
  /** Called as soon as the lab exists, so that its owner can dispose it whatever follows. */
  readonly onLab: (lab: Lab) => void
}

/** A lab with the stack on it, ready to be verified. */
export interface ReadyLab {
  readonly lab: Lab
  readonly cluster: Cluster
  readonly stack: Stack
  readonly built: BuildObservations
  readonly states: ReadonlyMap<string, HostState>
  /** Value of the label `swarmproof` on what tests create; the run's id where not given. */
  readonly label?: string
  /** Tasks of the stack that engines did not get to run. */
  readonly refused?: readonly RefusedTask[]
  /** Features this cluster lacks, beyond what its kernels and its topology tell. */
  readonly missing?: ReadonlyMap<Feature, Missing>
}

const settleWithinMs = 60_000

/**
 * Brings up a lab with its swarm and stack: from a saved lab where one fits and proves sound, else built from scratch
 * and saved for the next run.
 */
export async function bringUp(topology: Topology, options: BringUpOptions): Promise<ReadyLab> {
  const recipe = stackRecipe(topology)
  const { progress, signal, fresh } = options
  const lab = await options.provider.start(topology, { progress, signal, stackRecipe: recipe, fresh })
  options.onLab(lab)
  if (lab.standing === undefined) return build(topology, lab, recipe, options)
  try {
    return await resume(topology, lab, lab.standing.notes as BuildObservations, options)
  } catch (error) {
    signal.throwIfAborted()
    progress.note(`The saved lab proved unsound and is dropped: ${firstLineOf(error)}`)
    await lab.snapshots?.drop(recipe)
    await lab[Symbol.asyncDispose]()
    return bringUp(topology, { ...options, fresh: true })
  }
}

/** Waits until a lab whose stack was built before is whole, and sees it as it is now. */
export async function resume(
  topology: Topology,
  lab: Lab,
  built: BuildObservations,
  options: Pick<BringUpOptions, 'progress' | 'signal'>,
): Promise<ReadyLab> {
  const cluster = await step(options.progress, 'Reading the cluster', undefined, () =>
    readCluster(topology, lab.hosts),
  )
  await step(options.progress, 'Waiting for nodes', undefined, () =>
    nodesReady(cluster.manager.host, cluster.nodes.length, options.signal),
  )
  const names = stackNames(topology.stack)
  await tasksRunning(names, cluster, options)
  const { stack, states } = await settle(names, cluster, options)
  return { lab, cluster, stack, built, states }
}

async function build(
  topology: Topology,
  lab: Lab,
  recipe: string,
  options: BringUpOptions,
): Promise<ReadyLab> {
  await makeGatewayBridges(topology, lab.hosts, options)
  await formSwarm(topology, lab.hosts, options)
  const cluster = await readCluster(topology, lab.hosts)
  const networksBeforeServices = await networksOfNewNodes(cluster, options.signal)
  const firstIngress = await readIngress(cluster.manager.host)
  await makeIngress(topology, cluster.manager.host, options)
  const image = await step(options.progress, 'Looking at the probe image', undefined, () =>
    standingImage(lab.hosts, labImage),
  )
  const whole = withProbeTask(topology, { image, nonce: newNonce() })
  const refused = await deployStack(whole, cluster, { ...options, label: options.runId })
  const { stack, states, settled } = await settle(stackNames(topology.stack), cluster, options)
  const built: BuildObservations = {
    builtAt: new Date().toISOString(),
    networksBeforeServices,
    ...(firstIngress === undefined ? {} : { firstIngress }),
    requested: requestedNetworks(topology),
  }
  // What did not come up whole is verified as it is, and not had again.
  const { snapshots } = lab
  if (settled && refused.length === 0 && snapshots !== undefined)
    await step(options.progress, 'Saving the lab', undefined, () => snapshots.save(recipe, built))
  return { lab, cluster, stack, built, states, refused }
}

/** How the stack's networks are asked for, by role. */
export function requestedNetworks({ stack }: Topology): BuildObservations['requested'] {
  return { clear: { ...stack.clear }, secret: { ...stack.secret }, auto: {}, extra: {}, shop: {} }
}

/** The last look is kept whether or not the networks came: whether they had to is for OVL-01 to say. */
export async function networksOfNewNodes(
  cluster: Cluster,
  signal: AbortSignal,
): Promise<NonNullable<BuildObservations['networksBeforeServices']>> {
  let last: Awaited<ReturnType<typeof listNetworks>> = {}
  const complete = (): boolean =>
    Object.values(last).every((networks) =>
      ['ingress', gatewayBridgeName].every((name) => networks.some((network) => network.name === name)),
    )
  const look = async (): Promise<Look<void>> => {
    last = await listNetworks(cluster.nodes.map((node) => node.host))
    return complete() ? { ready: true, value: undefined } : { ready: false, seen: JSON.stringify(last) }
  }
  await eventually(
    {
      what: 'ingress and docker_gwbridge on every node',
      withinMs: boundAmong(cluster.nodes.length, 30_000),
      signal,
    },
    look,
  ).catch((error: unknown) => {
    if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED')) throw error
  })
  return last
}

/** Waits until the kernels hold what the stack should bring, and goes on after the bound: the tests judge. */
export async function settle(
  names: StackNames,
  cluster: Cluster,
  options: Pick<BringUpOptions, 'progress' | 'signal'>,
): Promise<{ stack: Stack; states: ReadonlyMap<string, HostState>; settled: boolean }> {
  let settled = true
  const stack = await step(options.progress, 'Reading the stack', undefined, () => readStack(names, cluster))
  let states: ReadonlyMap<string, HostState> = new Map()
  const look = async (): Promise<Look<void>> => {
    states = await readStates(cluster)
    const missing = unsettled(stack, cluster.nodes, states)
    return missing.length === 0
      ? { ready: true, value: undefined }
      : { ready: false, seen: missing.join('; ') }
  }
  await step(options.progress, 'Settling', undefined, async () => {
    await eventually(
      {
        what: 'kernel state of the stack is complete',
        withinMs: boundAmong(cluster.nodes.length, settleWithinMs),
        signal: options.signal,
      },
      look,
    ).catch((error: unknown) => {
      if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED')) throw error
      options.progress.note(error.message)
      settled = false
    })
  })
  return { stack, states, settled }
}

/** Kernel state of every node, by host name; one remote call a node. */
export function readStates(cluster: Cluster): Promise<ReadonlyMap<string, HostState>> {
  return ofEachNode(cluster, readHostState)
}

/** Of it what `readDevices` reads. */
export function readDevicesOfNodes(cluster: Cluster): Promise<ReadonlyMap<string, DevicesState>> {
  return ofEachNode(cluster, readDevices)
}

/** Of it what `readRules` reads. */
export function readRulesOfNodes(cluster: Cluster): Promise<ReadonlyMap<string, RulesState>> {
  return ofEachNode(cluster, readRules)
}

async function ofEachNode<T>(
  { nodes }: Cluster,
  read: (host: Host) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  return new Map(await Promise.all(nodes.map(async ({ host }) => [host.name, await read(host)] as const)))
}

/** A lab that is its owner's as it is now, after it moved by itself: waits a while for the tasks, then reads what runs. */
export async function readAgain(
  raised: ReadyLab,
  options: Pick<BringUpOptions, 'progress' | 'signal'>,
): Promise<ReadyLab> {
  const { names } = raised.stack
  await tasksRunning(names, raised.cluster, options).catch((error: unknown) => {
    options.signal.throwIfAborted()
    options.progress.note(firstLineOf(error))
  })
  const { stack, states } = await settle(names, raised.cluster, options)
  return { ...raised, stack, states }
}
