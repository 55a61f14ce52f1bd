import type { TestContext } from '../../lib/conformance/context.ts'
import { guardedState } from '../../lib/observe/guarded-state.ts'
import type { HostState, Link } from '../../lib/observe/host-state.ts'
import { readHostState } from '../../lib/observe/read-host-state.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { Observation, Origin } from '../../lib/probe/probe.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { contains, networkOf } from '../../lib/topology/cidr.ts'
import { gatewayInterface } from './gateway-interface.ts'
import { rootOf, stateOf } from './kernel.ts'
import { answeredBy } from './mesh.ts'
import { inTask, onNode } from './pair.ts'

type Shared = Omit<TestContext, 'evidence'>

const bridge = 'docker_gwbridge'
/** Nothing is expected to answer. */
const silenceMs = 1500
/** Tasks of the stack on the same node that are tried. */
const mostTargets = 3

/** A task of a service without an overlay of its own. */
export interface Bare {
  readonly task: Task
  /** Its veth interfaces, by its kernel; undefined if its namespace was not found. */
  readonly links: readonly Link[] | undefined
  /** Subnet of docker_gwbridge on its node. */
  readonly bridgeSubnet: string
}

/** The task of a service that publishes nothing, or the node itself, asks a task of the stack on the same node. */
export interface Try {
  readonly what: 'attempt' | 'control'
  readonly to: Task
  readonly address: string
  /** On docker_gwbridge, or the name of an overlay. */
  readonly network: string
  readonly observation: Observation
}

export interface BareStage {
  readonly plain: Bare
  /** Publishes; undefined in a swarm without ingress. */
  readonly door: Bare | undefined
  readonly tries: readonly Try[]
}

/**
 * How two services look that were created without a network, one of which publishes.
 * The kernels are read for this alone: what all tests share must not hold what is gone in a moment.
 */
export async function lookAtBare(context: Shared, plain: Task, door: Task | undefined): Promise<BareStage> {
  const tasks = door === undefined ? [plain] : [plain, door]
  const nodes = [...new Set(tasks.map(({ node }) => node))]
  const pids = tasks.map(({ pid }) => pid)
  const read = await Promise.all(
    nodes.map(async ({ host }) => [host.name, guardedState(await readHostState(host, { pids }))] as const),
  )
  const states = new Map(read)
  return {
    plain: bare(plain, states),
    door: door === undefined ? undefined : bare(door, states),
    tries: await tryTasks(context, plain, states),
  }
}

function bare(task: Task, states: ReadonlyMap<string, HostState>): Bare {
  const state = stateOf(states, task.node)
  const inode = state.namespaceOf[task.pid]
  const namespace = Object.values(state.namespaces).find((one) => one.inode === inode)
  return {
    task,
    links: namespace?.links.filter(({ kind }) => kind === 'veth'),
    bridgeSubnet: bridgeSubnets(task.node, states)[0] ?? '',
  }
}

function bridgeSubnets(node: ClusterNode, states: ReadonlyMap<string, HostState>): string[] {
  return rootOf(stateOf(states, node), 'ip')
    .links.filter(({ name }) => name === bridge)
    .flatMap(({ addresses }) => addresses.filter(({ family }) => family === 'inet'))
    .map(({ address, prefixLength }) => networkOf(`${address}/${prefixLength}`))
}

async function tryTasks(
  { stack, probe }: Shared,
  plain: Task,
  states: ReadonlyMap<string, HostState>,
): Promise<Try[]> {
  const subnets = bridgeSubnets(plain.node, states)
  const targets = stack.tasks.filter(({ node }) => node === plain.node).slice(0, mostTargets)
  const planned = targets.flatMap((to) => {
    const onBridge = gatewayInterface(to, states, subnets)?.address
    const overlays = Object.entries(to.endpoints)
      .filter(([network]) => Object.values(stack.networks).some(({ name }) => name === network))
      .map(([network, { address }]) => ({ to, network, address }))
    return onBridge === undefined ? overlays : [...overlays, { to, network: bridge, address: onBridge }]
  })
  const request = (from: Origin, to: string, timeoutMs: number) => ({
    ...{ kind: 'tcp' as const, from, to, port: 80, request: httpGet(pagePath(stack)), timeoutMs },
  })
  const controls = planned.filter(({ network }) => network === bridge)
  const observations = await probe.send([
    ...planned.map(({ address }) => request(inTask(plain), address, silenceMs)),
    ...controls.map(({ address }) => request(onNode(plain.node), address, 15_000)),
  ])
  return [
    ...planned.map((entry) => ({ ...entry, what: 'attempt' as const })),
    ...controls.map((entry) => ({ ...entry, what: 'control' as const })),
  ].map((entry, index) => ({ ...entry, observation: observations[index] as Observation }))
}

/** Whether the very task that was asked answered. */
export function isReached({ to, observation }: Try): boolean {
  return answeredBy(observation).includes(to.hostname)
}

/** Addresses of a task by the network they belong to, in words. */
export function addressesIn(links: readonly Link[], subnets: ReadonlyMap<string, string>): string[] {
  return links.flatMap(({ name, addresses }) =>
    addresses
      .filter(({ family }) => family === 'inet')
      .flatMap(({ address }) =>
        [...subnets]
          .filter(([, subnet]) => subnet !== '' && contains(subnet, address))
          .map(([network]) => `${name}: ${address} of ${network}`),
      ),
  )
}
