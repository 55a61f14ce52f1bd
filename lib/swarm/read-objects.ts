import { SwarmproofError } from '../error.ts'
import { eventually } from '../eventually.ts'
import {
  cidrBlock,
  containerId,
  ipAddress,
  networkId,
  objectName,
  portNumber,
  processId,
  swarmId,
  vni,
} from '../identifier.ts'
import type { Cluster, ClusterNode, OverlayNetwork, Service, Task } from './cluster.ts'
import { containerEndpoints, type InspectedEndpoints } from './container-endpoints.ts'
import { EngineRefused, objectPath } from './engine-api.ts'
import { engineOf } from './engine-of.ts'

export interface ApiNetwork {
  readonly Id: string
  readonly Name: string
  readonly Ingress: boolean
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway: string }[] | null }
  readonly Options: Readonly<Record<string, string>> | null
}

export interface ApiService {
  readonly ID: string
  readonly Spec: {
    readonly Name: string
    readonly EndpointSpec?: { readonly Mode?: string }
    readonly TaskTemplate?: {
      readonly Networks?: readonly { readonly Target: string }[] | null
      /** Of services that are the run's own. */
      readonly ContainerSpec?: { readonly Image: string; readonly Args: readonly string[] | null }
    }
  }
  readonly Endpoint: {
    readonly VirtualIPs?: readonly { readonly NetworkID: string; readonly Addr?: string }[]
    readonly Ports?: readonly {
      readonly Protocol: 'tcp' | 'udp'
      readonly TargetPort: number
      readonly PublishedPort: number
      readonly PublishMode: 'ingress' | 'host'
    }[]
  }
}

export interface ApiTask {
  readonly ID: string
  readonly NodeID: string
  readonly ServiceID: string
  readonly Status: {
    readonly State: string
    readonly ContainerStatus?: { readonly ContainerID: string; readonly PID: number }
  }
  readonly NetworksAttachments?: readonly {
    readonly Network: { readonly ID: string }
    readonly Addresses?: readonly string[]
  }[]
}

interface ApiContainer {
  readonly Id: string
  readonly Pid: number
  readonly Networks: InspectedEndpoints
}

interface InspectedContainer {
  readonly Id: string
  readonly State: { readonly Pid: number }
  readonly NetworkSettings: { readonly Networks: InspectedEndpoints }
}

/** A network by name, once the manager has given it a VNI. */
export async function readNetwork(cluster: Cluster, name: string): Promise<OverlayNetwork> {
  return eventually({ what: `network ${name} has a VNI`, withinMs: 20_000 }, async () => {
    const { host } = cluster.manager
    const read = toNetwork((await engineOf(host).get(objectPath('networks', name))) as ApiNetwork, host.name)
    return Number.isNaN(read.vni) ? { ready: false, seen: 'it has none' } : { ready: true, value: read }
  })
}

/** A service by name as it is now. */
export async function readService(cluster: Cluster, name: string): Promise<Service> {
  return toService(await apiService(cluster, name))
}

/** As `readService`; undefined where the manager knows none of the name. */
export async function serviceOrNone(cluster: Cluster, name: string): Promise<Service | undefined> {
  return readService(cluster, name).catch((error: unknown) => {
    if (error instanceof EngineRefused && error.status === 404) return undefined
    throw error
  })
}

/** The running tasks of these services, in no order. @throws while a running task's container is not there yet */
export async function readTasks(cluster: Cluster, names: readonly string[]): Promise<Task[]> {
  const [services, tasks] = await Promise.all([
    Promise.all(names.map((name) => apiService(cluster, name))),
    runningTasks(cluster, names),
  ])
  return withContainers(cluster, services, tasks)
}

/** How many tasks of these services the manager says are running. */
export async function countRunning(cluster: Cluster, names: readonly string[]): Promise<number> {
  return (await runningTasks(cluster, names)).length
}

async function runningTasks({ manager }: Cluster, names: readonly string[]): Promise<ApiTask[]> {
  // Without a service to be of, tasks of anybody would be listed.
  if (names.length === 0) return []
  const filters = { service: names, 'desired-state': ['running'] }
  const tasks = (await engineOf(manager.host).list('/tasks', { filters })) as readonly ApiTask[]
  return tasks.filter((task) => task.Status.State === 'running')
}

async function apiService(cluster: Cluster, name: string): Promise<ApiService> {
  return (await engineOf(cluster.manager.host).get(objectPath('services', name))) as ApiService
}

/** Adds what only each task's own node knows, which is asked on all at once. */
export async function withContainers(
  cluster: Cluster,
  services: readonly ApiService[],
  tasks: readonly ApiTask[],
): Promise<Task[]> {
  const containers = await Promise.all(cluster.nodes.map((node) => readContainers(node, tasks)))
  const byId = new Map(containers.flat().map((container) => [container.Id, container]))
  return tasks.map((task) => toTask(cluster, services, task, byId))
}

async function readContainers(node: ClusterNode, tasks: readonly ApiTask[]): Promise<ApiContainer[]> {
  const ids = tasks
    .filter((task) => task.NodeID === node.nodeId)
    .flatMap((task) => task.Status.ContainerStatus?.ContainerID || [])
    .map((id) => containerId(id, node.host.name))
  if (ids.length === 0) return []
  const engine = engineOf(node.host)
  const inspected = await Promise.all(ids.map((id) => engine.get(objectPath('containers', id, 'json'))))
  return (inspected as InspectedContainer[]).map(({ Id, State, NetworkSettings }) => ({
    ...{ Id, Pid: State.Pid, Networks: NetworkSettings.Networks },
  }))
}

/** As the manager's API tells it. */
export function toNetwork(network: ApiNetwork, host?: string): OverlayNetwork {
  const options = network.Options ?? {}
  const { Subnet: subnet = '', Gateway: gateway = '' } = network.IPAM.Config?.[0] ?? {}
  const [given = ''] = (options['com.docker.network.driver.overlay.vxlanid_list'] ?? '').split(',')
  return {
    id: networkId(network.Id, host),
    name: network.Name,
    subnet: subnet === '' ? '' : cidrBlock(subnet, host),
    // Some engines state it with its prefix length.
    gateway: gateway === '' ? '' : ipAddress(gateway.split('/')[0], host),
    vni: given === '' ? Number.NaN : vni(given, host),
    encrypted: 'encrypted' in options,
    ingress: network.Ingress,
  }
}

export function toService(service: ApiService): Service {
  return {
    id: swarmId(service.ID),
    name: objectName(service.Spec.Name),
    endpointMode: service.Spec.EndpointSpec?.Mode === 'dnsrr' ? 'dnsrr' : 'vip',
    vips: Object.fromEntries(
      (service.Endpoint.VirtualIPs ?? []).map(({ NetworkID, Addr = '' }) => [
        networkId(NetworkID),
        withoutLength(Addr),
      ]),
    ),
    published: (service.Endpoint.Ports ?? []).map((port) => ({
      protocol: port.Protocol,
      publishedPort: portNumber(port.PublishedPort ?? 0),
      targetPort: portNumber(port.TargetPort ?? 0),
      mode: port.PublishMode,
    })),
  }
}

function toTask(
  cluster: Cluster,
  services: readonly ApiService[],
  task: ApiTask,
  containers: ReadonlyMap<string, ApiContainer>,
): Task {
  const { ContainerID: id } = task.Status.ContainerStatus ?? { ContainerID: '' }
  const node = requireOfStack(
    cluster.nodes.find((candidate) => candidate.nodeId === task.NodeID),
    `node ${task.NodeID}`,
  )
  const container = requireOfStack(containers.get(id), `container of task ${task.ID} on ${node.host.name}`)
  const { name: host } = node.host
  return {
    id: swarmId(task.ID),
    service: requireOfStack(
      services.find((service) => service.ID === task.ServiceID),
      `service ${task.ServiceID}`,
    ).Spec.Name,
    node,
    containerId: containerId(id, host),
    pid: processId(container.Pid, host),
    hostname: task.ID,
    endpoints: containerEndpoints(container.Networks, host),
  }
}

/** `10.91.1.1/24`: the address; empty where there is none. */
export function withoutLength(block: string): string {
  return block === '' ? '' : ipAddress(block.split('/')[0])
}

export function requireOfStack<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value
  throw new SwarmproofError({
    code: 'STACK_INCOMPLETE',
    what: `the stack lacks ${what}`,
    hint: 'run with --fresh to rebuild it',
  })
}
