import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { taskFacts } from '../../../lib/conformance/facts.ts'
import { type Planned, type Sent, sendPlan } from '../../../lib/conformance/send-plan.ts'
import type { TaskFacts } from '../../../lib/observation/facts.ts'
import type { Part } from '../../../lib/observation/part.ts'
import type { HostState, Link, NamespaceState } from '../../../lib/observe/host-state.ts'
import { readHostState } from '../../../lib/observe/read-host-state.ts'
import { httpGet } from '../../../lib/probe/http.ts'
import type { Origin, TcpRequest } from '../../../lib/probe/probe.ts'
import type { Task } from '../../../lib/swarm/cluster.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import { contains, networkOf } from '../../../lib/topology/cidr.ts'
import { rootSeen } from '../judging/kernel-seen.ts'
import { inTask, onNode } from '../sending/pair.ts'
import { gatewayBridgeName } from '../../../lib/topology/swarm-defaults.ts'

/** Nothing is expected to answer. */
const silenceMs = 1500
/** Tasks of the stack on the same node that are tried. */
const mostTargets = 3

/** A task of a service without an overlay of its own. */
export interface BareTask {
  readonly task: TaskFacts
  /** Its veth interfaces, by its kernel; null if its namespace was not found. */
  readonly links: readonly Link[] | null
  /** Subnet of docker_gwbridge on its node; empty if it has none. */
  readonly bridgeSubnet: string
}

interface Trying {
  /** The task of a service that publishes nothing, or its node itself, asks a task of the stack on the same node. */
  readonly what: 'attempt' | 'control'
  /** Id of a task. */
  readonly to: string
  readonly address: string
  /** On docker_gwbridge, or the name of an overlay. */
  readonly network: string
}

export type BareTry = Sent<Trying>

/** How two services look that were created without a network. */
export interface BareSeen {
  readonly plain: BareTask
  /** Publishes; null in a swarm without ingress. */
  readonly door: BareTask | null
  readonly tries: readonly BareTry[]
}

/** The kernels are read for this alone: what all share must not hold what is gone in a moment. */
export async function lookAtBareTasks(
  lab: Pick<ObserveContext, 'stack' | 'probe'>,
  plain: Task,
  door: Task | undefined,
): Promise<Part<BareSeen>> {
  const tasks = door === undefined ? [plain] : [plain, door]
  const hosts = [...new Set(tasks.map(({ node }) => node.host))]
  const pids = tasks.map(({ pid }) => pid)
  const states: Record<string, HostState> = Object.fromEntries(
    await Promise.all(hosts.map(async (host) => [host.name, await readHostState(host, { pids })] as const)),
  )
  const unread = hosts.map(({ name }) => rootSeen(states, name, 'devices')).find((root) => !('got' in root))
  if (unread !== undefined && !('got' in unread)) return unread
  return {
    got: {
      plain: bareTask(plain, states),
      door: door === undefined ? null : bareTask(door, states),
      tries: await sendPlan(lab.probe, tries(lab, plain, states[plain.node.host.name])),
    },
  }
}

function bareTask(task: Task, states: Readonly<Record<string, HostState>>): BareTask {
  const state = states[task.node.host.name]
  const inode = state?.namespaceOf[task.pid]
  const namespace = Object.values(state?.namespaces ?? {}).find((one) => one.inode === inode)
  return {
    task: taskFacts(task),
    links: namespace?.links.filter(({ kind }) => kind === 'veth') ?? null,
    bridgeSubnet: bridgeSubnets(state)[0] ?? '',
  }
}

function bridgeSubnets(state: HostState | undefined): string[] {
  return (state?.root.links ?? [])
    .filter(({ name }) => name === gatewayBridgeName)
    .flatMap(inet)
    .map(({ address, prefixLength }) => networkOf(`${address}/${prefixLength}`))
}

function tries(
  { stack }: Pick<ObserveContext, 'stack'>,
  plain: Task,
  state: HostState | undefined,
): Planned<Trying>[] {
  const overlays = new Set(Object.values(stack.networks).map(({ name }) => name))
  const subnets = bridgeSubnets(state)
  const targets = stack.tasks.filter(({ node }) => node === plain.node).slice(0, mostTargets)
  const request = (from: Origin, to: string, timeoutMs: number): TcpRequest => ({
    ...{ kind: 'tcp', from, to, port: 80, request: httpGet(pagePath(stack)), timeoutMs },
  })
  const control = (to: string, address: string): Planned<Trying> => ({
    ...{ what: 'control', to, network: gatewayBridgeName, address },
    request: request(onNode(plain.node), address, 15_000),
  })
  return targets.flatMap((task): Planned<Trying>[] => {
    const to = task.id
    const attempts = Object.entries(task.endpoints)
      .filter(([network]) => overlays.has(network))
      .map(([network, { address }]) => ({ network, address }))
    const onBridge = bridgeAddress(task, state, subnets)
    if (onBridge !== undefined) attempts.push({ network: gatewayBridgeName, address: onBridge })
    return [
      ...attempts.map(({ network, address }): Planned<Trying> => ({
        ...{ what: 'attempt', to, network, address },
        request: request(inTask(plain), address, silenceMs),
      })),
      ...(onBridge === undefined ? [] : [control(to, onBridge)]),
    ]
  })
}

/** The engine does not list it among the container's networks: it is told by its subnet. */
function bridgeAddress(
  task: Task,
  state: HostState | undefined,
  subnets: readonly string[],
): string | undefined {
  const endpoints = Object.values(task.endpoints)
  const isOfTask = ({ links }: NamespaceState): boolean =>
    links.some((link) =>
      endpoints.some(
        ({ mac, address }) => link.mac === mac || link.addresses.some((one) => one.address === address),
      ),
    )
  return Object.values(state?.namespaces ?? {})
    .find(isOfTask)
    ?.links.flatMap(inet)
    .find(({ address }) => subnets.some((subnet) => contains(subnet, address)))?.address
}

function inet({ addresses }: Link) {
  return addresses.filter(({ family }) => family === 'inet')
}
