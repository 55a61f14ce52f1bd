import { SwarmproofError } from '../error.ts'
import type { Cluster, ClusterNode, Endpoint, OverlayNetwork, Service, Task } from './cluster.ts'
import { bulkBytes } from './deploy-stack.ts'
import { dockerLines } from './docker.ts'
import { type Stack, stackNames } from './stack.ts'

/** Reads the stack as it stands: one remote call on the manager, then one on each node. */
export async function readStack(cluster: Cluster): Promise<Stack> {
  const api = await readApi(cluster)
  const containers = await Promise.all(cluster.nodes.map((node) => readContainers(node, api.tasks)))
  const byId = new Map(containers.flat().map((container) => [container.Id, container]))
  return {
    networks: networksByRole(api.networks),
    services: servicesByRole(api.services),
    tasks: api.tasks.map((task) => toTask(cluster, api, task, byId)),
    bulkBytes,
  }
}

interface ApiNetwork {
  readonly Id: string
  readonly Name: string
  readonly Ingress: boolean
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway: string }[] | null }
  readonly Options: Readonly<Record<string, string>> | null
}

interface ApiService {
  readonly ID: string
  readonly Spec: { readonly Name: string; readonly EndpointSpec?: { readonly Mode?: string } }
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

interface ApiTask {
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
  readonly Networks: Readonly<
    Record<string, { readonly IPAddress: string; readonly IPPrefixLen: number; readonly MacAddress: string }>
  >
}

interface Api {
  readonly networks: readonly ApiNetwork[]
  readonly services: readonly ApiService[]
  readonly tasks: readonly ApiTask[]
}

async function readApi(cluster: Cluster): Promise<Api> {
  const services = Object.values(stackNames.services).join(' ')
  const lines = await dockerLines(
    cluster.manager.host,
    [
      `docker network inspect --format '{{json .}}' $(docker network ls -q --filter driver=overlay --filter scope=swarm --no-trunc)`,
      `docker service inspect --format '{{json .}}' ${services}`,
      `docker inspect --type task --format '{{json .}}' $(docker service ps --no-trunc -q --filter desired-state=running ${services})`,
    ].join('\n'),
  )
  const all = lines as (ApiNetwork | ApiService | ApiTask)[]
  return {
    networks: all.filter((entry): entry is ApiNetwork => 'IPAM' in entry),
    services: all.filter((entry): entry is ApiService => 'Endpoint' in entry),
    tasks: all
      .filter((entry): entry is ApiTask => 'NodeID' in entry)
      .filter((task) => task.Status.State === 'running'),
  }
}

async function readContainers(node: ClusterNode, tasks: readonly ApiTask[]): Promise<ApiContainer[]> {
  const ids = tasks
    .filter((task) => task.NodeID === node.nodeId)
    .map((task) => task.Status.ContainerStatus?.ContainerID ?? '')
  if (ids.length === 0) return []
  const format = `'{"Id":"{{.Id}}","Pid":{{.State.Pid}},"Networks":{{json .NetworkSettings.Networks}}}'`
  return (await dockerLines(
    node.host,
    `docker inspect --format ${format} ${ids.join(' ')}`,
  )) as ApiContainer[]
}

function networksByRole(networks: readonly ApiNetwork[]): Stack['networks'] {
  const named = (name: string): OverlayNetwork =>
    toNetwork(
      must(
        networks.find((network) => network.Name === name),
        `network ${name}`,
      ),
    )
  return {
    clear: named(stackNames.networks.clear),
    secret: named(stackNames.networks.secret),
    auto: named(stackNames.networks.auto),
    ingress: toNetwork(
      must(
        networks.find((network) => network.Ingress),
        'ingress network',
      ),
    ),
  }
}

function servicesByRole(services: readonly ApiService[]): Stack['services'] {
  const named = (name: string): Service =>
    toService(
      must(
        services.find((service) => service.Spec.Name === name),
        `service ${name}`,
      ),
    )
  return {
    web: named(stackNames.services.web),
    rr: named(stackNames.services.rr),
    vault: named(stackNames.services.vault),
    island: named(stackNames.services.island),
  }
}

function toNetwork(network: ApiNetwork): OverlayNetwork {
  const options = network.Options ?? {}
  return {
    id: network.Id,
    name: network.Name,
    subnet: network.IPAM.Config?.[0]?.Subnet ?? '',
    gateway: network.IPAM.Config?.[0]?.Gateway ?? '',
    vni: Number((options['com.docker.network.driver.overlay.vxlanid_list'] ?? '').split(',')[0]),
    encrypted: 'encrypted' in options,
    ingress: network.Ingress,
  }
}

function toService(service: ApiService): Service {
  return {
    id: service.ID,
    name: service.Spec.Name,
    endpointMode: service.Spec.EndpointSpec?.Mode === 'dnsrr' ? 'dnsrr' : 'vip',
    vips: Object.fromEntries(
      (service.Endpoint.VirtualIPs ?? []).map((vip) => [vip.NetworkID, (vip.Addr ?? '').split('/')[0] ?? '']),
    ),
    published: (service.Endpoint.Ports ?? []).map((port) => ({
      protocol: port.Protocol,
      publishedPort: port.PublishedPort,
      targetPort: port.TargetPort,
      mode: port.PublishMode,
    })),
  }
}

function toTask(
  cluster: Cluster,
  api: Api,
  task: ApiTask,
  containers: ReadonlyMap<string, ApiContainer>,
): Task {
  const containerId = task.Status.ContainerStatus?.ContainerID ?? ''
  const node = must(
    cluster.nodes.find((candidate) => candidate.nodeId === task.NodeID),
    `node ${task.NodeID}`,
  )
  const container = must(containers.get(containerId), `container of task ${task.ID} on ${node.host.name}`)
  const endpoints = Object.entries(container.Networks).map(([name, endpoint]): [string, Endpoint] => [
    name,
    { address: endpoint.IPAddress, prefixLength: endpoint.IPPrefixLen, mac: endpoint.MacAddress },
  ])
  return {
    id: task.ID,
    service: must(
      api.services.find((service) => service.ID === task.ServiceID),
      `service ${task.ServiceID}`,
    ).Spec.Name,
    node,
    containerId,
    pid: container.Pid,
    hostname: task.ID,
    endpoints: Object.fromEntries(endpoints),
  }
}

function must<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value
  throw new SwarmproofError({
    code: 'STACK_INCOMPLETE',
    what: `the stack lacks ${what}`,
    hint: 'run with --fresh to build it anew',
  })
}
