import { sh } from '../script.ts'
import { networkFormat, serviceFormat, taskFormat } from '../api-formats.ts'
import type { Cluster, OverlayNetwork } from './cluster.ts'
import { dockerLines } from './docker.ts'
import { inspectListed } from './inspect-listed.ts'
import {
  type ApiNetwork,
  type ApiService,
  type ApiTask,
  toNetwork,
  toService,
  withoutLength,
} from './read-objects.ts'

/** Every address the swarm's API says it has given, of every network and service there is, not of the stack's alone. */
export interface GivenAddresses {
  /** Overlays of scope swarm. */
  readonly networks: readonly OverlayNetwork[]
  readonly virtualIps: readonly GivenAddress[]
  /** Networks each service asked for, by `service inspect`. */
  readonly services: readonly { readonly name: string; readonly networkIds: readonly string[] }[]
  /** Of tasks that run or are about to. */
  readonly tasks: readonly (GivenAddress & TaskAttachment)[]
}

export interface GivenAddress {
  readonly networkId: string
  /** Without prefix length. */
  readonly address: string
  /** Name of the service; the task's id where it belongs to none. */
  readonly of: string
}

interface TaskAttachment {
  readonly taskId: string
  readonly nodeId: string
  /** Empty until its container was made. */
  readonly containerId: string
  readonly running: boolean
}

/** One remote call on the manager. */
export async function readGivenAddresses(cluster: Cluster): Promise<GivenAddresses> {
  const script = inspectListed(
    {
      list: sh`docker network ls -q --no-trunc --filter driver=overlay --filter scope=swarm`,
      inspect: sh`docker network inspect --format ${networkFormat}`,
    },
    { list: listServices, inspect: sh`docker service inspect --format ${serviceFormat}` },
    { list: runningTasks, inspect: sh`docker inspect --type task --format ${taskFormat}` },
  )
  const entries = (await dockerLines(cluster.manager.host, script)) as (ApiNetwork | ApiService | ApiTask)[]
  const services = entries.filter((entry): entry is ApiService => 'Endpoint' in entry)
  const names = new Map(services.map((service) => [service.ID, service.Spec.Name]))
  return {
    networks: entries
      .filter((entry): entry is ApiNetwork => 'IPAM' in entry)
      .map((network) => toNetwork(network, cluster.manager.host.name)),
    virtualIps: services.flatMap((service) =>
      Object.entries(toService(service).vips)
        .filter(([, address]) => address !== '')
        .map(([networkId, address]) => ({ networkId, address, of: service.Spec.Name })),
    ),
    services: services.map(({ Spec }) => ({
      name: Spec.Name,
      networkIds: (Spec.TaskTemplate?.Networks ?? []).map(({ Target }) => Target),
    })),
    tasks: entries
      .filter((entry): entry is ApiTask => 'NodeID' in entry)
      .flatMap((task) => attachments(task, names)),
  }
}

const listServices = sh`docker service ls -q`

/** In a shell of its own, for it is such a script itself: services go as well, and asking for tasks of none is an error. */
const runningTasks = sh`(
${inspectListed({
  list: listServices,
  inspect: sh`docker service ps --no-trunc -q --filter desired-state=running`,
})}
)`

function attachments(task: ApiTask, names: ReadonlyMap<string, string>): GivenAddresses['tasks'] {
  return (task.NetworksAttachments ?? []).flatMap(({ Network, Addresses }) =>
    (Addresses ?? []).map((address) => ({
      networkId: Network.ID,
      address: withoutLength(address),
      of: names.get(task.ServiceID) ?? task.ID,
      taskId: task.ID,
      nodeId: task.NodeID,
      containerId: task.Status.ContainerStatus?.ContainerID ?? '',
      running: task.Status.State === 'running',
    })),
  )
}
