import type { Recording } from '../../lib/capture/capture.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import { datagramFor, responderNonce } from '../../lib/probe/nonce.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { Observation, ProbeRequest, TcpRequest } from '../../lib/probe/probe.ts'
import type { Cluster, ClusterNode, OverlayNetwork, Task } from '../../lib/swarm/cluster.ts'
import type { NetworkView } from '../../lib/swarm/network-view.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { type Stack, tasksOn } from '../../lib/swarm/stack.ts'
import { type Carried, carried, type LeftOut } from './left-out.ts'
import { networkViews } from './views.ts'
import { overlayMtu, statedMtu } from './overlay-mtu.ts'
import { acrossHosts, addressOn, inTask, onNode, orderedPairs, taskLabel } from './pair.ts'
import { recordedDuring } from './recording.ts'

/** A datagram with the don't-fragment bit, and what came of it. */
export interface SizedDatagram {
  readonly from: Task
  readonly to: Task
  readonly network: OverlayNetwork
  readonly protocol: 'icmp' | 'udp'
  /** Of the whole inner IPv4 packet. */
  readonly packetBytes: number
  /** Exactly the overlay's MTU; otherwise one byte more. */
  readonly fits: boolean
  readonly observation: Observation
}

/** A bulk file fetched, once or several times over fresh connections. */
export interface Download extends Omit<Planned, 'request'> {
  readonly observation: Observation
}

/**
 * Traffic at the limit: don't-fragment datagrams of the overlay's MTU and one byte more, and bulk transfers between
 * tasks, by VIP and through ingress, recorded as it leaves the data-path interface of each node.
 */
export interface Sizes {
  readonly datagrams: readonly SizedDatagram[]
  readonly downloads: readonly Download[]
  /** By host name; the headers of what left each node. */
  readonly recordings: ReadonlyMap<string, Recording>
  readonly mtuBytes: { readonly clear: number; readonly secret: number }
  /** Networks that carried traffic. */
  readonly roles: readonly ('clear' | 'secret')[]
  readonly leftOut: readonly LeftOut[]
}

const echoPort = 7009
/** Enough for all headers, outer and inner. */
const snapshotBytes = 128

/** Recorded once per run and shared by all requirements that rest on it. */
export async function sizes(context: TestContext): Promise<Sizes> {
  const views = await networkViews(context)
  return context.once('sizes', (shared) => record(shared, views))
}

async function record(
  context: Omit<TestContext, 'evidence'>,
  views: ReadonlyMap<string, readonly NetworkView[]>,
): Promise<Sizes> {
  const { cluster, stack } = context
  const { roles, balances, leftOut } = await carried(context)
  const points = cluster.nodes.map((node) => ({
    host: node.host,
    interface: node.dataPath.interface,
    direction: 'out' as const,
    snapshotBytes,
    vxlanPorts: [cluster.dataPathPort],
    filter: `udp port ${cluster.dataPathPort} or esp or (ip[6:2] & 0x3fff != 0)`,
  }))
  const mtuBytes = {
    clear: computedMtu(stack.networks.clear, views),
    secret: computedMtu(stack.networks.secret, views),
  }
  const nonce = responderNonce()
  const datagrams = roles.flatMap((role) =>
    planDatagrams(stack.networks[role], tasksOn(stack, role), { mtuBytes: mtuBytes[role], nonce }),
  )
  const downloads = planDownloads(cluster, stack, { roles, balances })
  const requests = [...datagrams, ...downloads].map(({ request }) => request)
  const responders = [...tasksOn(stack, 'clear'), ...tasksOn(stack, 'secret')].map((task) => ({
    at: inTask(task),
    port: echoPort,
    nonce,
  }))
  return recordedDuring(context.wire, points, async () => {
    const observations = await context.probe.send(requests, { responders })
    const observed = <T>(entries: readonly T[], offset: number) =>
      entries.map((entry, index) => ({ ...entry, observation: observations[offset + index] as Observation }))
    return {
      datagrams: observed(datagrams, 0),
      downloads: observed(downloads, datagrams.length),
      ...{ mtuBytes, roles, leftOut },
    }
  })
}

/** The MTU engines give a network, with the network's own option. */
export function computedMtu(
  network: OverlayNetwork,
  views: ReadonlyMap<string, readonly NetworkView[]>,
): number {
  const view = [...views.values()].flat().find(({ id }) => id === network.id)
  return overlayMtu(statedMtu(view?.options ?? {}), network)
}

interface PlannedDatagram extends Omit<SizedDatagram, 'observation'> {
  readonly request: ProbeRequest
}

function planDatagrams(
  network: OverlayNetwork,
  tasks: readonly Task[],
  { mtuBytes, nonce }: { readonly mtuBytes: number; readonly nonce: string },
): PlannedDatagram[] {
  return orderedPairs(tasks)
    .filter(acrossHosts)
    .flatMap(([from, to]) =>
      [mtuBytes, mtuBytes + 1].flatMap((packetBytes): PlannedDatagram[] => {
        const common = { from: inTask(from), to: addressOn(to, network), dontFragment: true }
        const entry = { from, to, network, packetBytes, fits: packetBytes === mtuBytes }
        const payload = datagramFor(nonce, '', packetBytes - 28)
        return [
          { ...entry, protocol: 'icmp', request: { ...common, kind: 'icmp', packetBytes } },
          {
            ...entry,
            protocol: 'udp',
            request: { ...common, kind: 'udp', port: echoPort, payload, expectReply: true },
          },
        ]
      }),
    )
}

/** One way to fetch the bulk file. */
interface Planned {
  /** `task`: from a task's own address. `vip`: by a service's VIP. `ingress`: by the published port of a node. */
  readonly by: 'task' | 'vip' | 'ingress'
  /** Who asks whom, as a report names them. */
  readonly label: string
  /** The node asked, for `ingress`. */
  readonly through?: ClusterNode
  readonly request: TcpRequest
}

const timeoutMs = 20_000

/**
 * Between every ordered pair of nodes on the clear and the encrypted network, by VIP from every node, and through
 * the ingress port of every node, asked by another. VIP and ingress are asked once for each task behind them. What
 * the kernels cannot carry is left out.
 */
function planDownloads(
  cluster: Cluster,
  stack: Stack,
  { roles, balances }: Pick<Carried, 'roles' | 'balances'>,
): Planned[] {
  const { clear, ingress } = stack.networks
  const { web } = stack.services
  const webTasks = stack.tasks.filter((task) => task.service === web.name).length
  const vip = web.vips[clear.id] ?? ''
  const published = web.published.find(({ mode, protocol }) => mode === 'ingress' && protocol === 'tcp')
  return [
    ...roles.flatMap((role) =>
      orderedPairs(onePerNode(tasksOn(stack, role))).map(([from, to]): Planned => ({
        by: 'task',
        label: `${taskLabel(from)} from ${taskLabel(to)} on ${stack.networks[role].name}`,
        request: bulk(stack, { from: inTask(from), to: addressOn(to, stack.networks[role]), port: 80 }),
      })),
    ),
    ...(balances ? onePerNode(tasksOn(stack, 'clear')) : []).map((from): Planned => ({
      by: 'vip',
      label: `${taskLabel(from)} from the VIP of ${web.name}`,
      request: bulk(stack, { from: inTask(from), to: vip, port: 80 }, webTasks),
    })),
    ...(published === undefined || !balances ? [] : throughEachNode(cluster.nodes)).map(
      ([from, to]): Planned => ({
        by: 'ingress',
        label: `${from.host.name} from port ${published?.publishedPort} of ${to.host.name} (${ingress.name})`,
        through: to,
        request: bulk(
          stack,
          { from: onNode(from), to: to.advertise.address, port: published?.publishedPort ?? 0 },
          webTasks,
        ),
      }),
    ),
  ]
}

/** Each node asked by its neighbour in the list, so that nobody asks himself. */
function throughEachNode(nodes: readonly ClusterNode[]): (readonly [ClusterNode, ClusterNode])[] {
  return nodes.flatMap((to, index) => {
    const from = nodes[(index + 1) % nodes.length]
    return from === undefined || from === to ? [] : [[from, to] as const]
  })
}

function onePerNode(tasks: readonly Task[]): Task[] {
  return tasks.filter((task, index) => tasks.findIndex(({ node }) => node === task.node) === index)
}

function bulk(stack: Stack, way: Pick<TcpRequest, 'from' | 'to' | 'port'>, repeat = 1): TcpRequest {
  return { kind: 'tcp', ...way, request: httpGet(pagePath(stack, 'bulk')), repeat, timeoutMs }
}
