import { networkFields, serviceFields, taskFields } from '../api-formats.ts'
import type { Cluster, OverlayNetwork } from './cluster.ts'
import { readFields } from './engine-fields.ts'
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

/** One remote call on the manager. @throws as `readFields` */
export async function readGivenAddresses(cluster: Cluster): Promise<GivenAddresses> {
  const { host } = cluster.manager
  const told = await readFields(host, {
    networks: {
      ...{ path: '/networks', filters: { driver: ['overlay'], scope: ['swarm'] }, fields: networkFields },
      most: Infinity,
    },
    services: { path: '/services', fields: serviceFields, most: Infinity },
    tasks: {
      ...{ path: '/tasks', filters: { 'desired-state': ['running'] }, fields: taskFields, most: Infinity },
    },
  })
  const services = told.services.objects as readonly ApiService[]
  const names = new Map(services.map((service) => [service.ID, service.Spec.Name]))
  return {
    networks: (told.networks.objects as readonly ApiNetwork[]).map((network) =>
      toNetwork(network, host.name),
    ),
    virtualIps: services.flatMap((service) =>
      Object.entries(toService(service).vips)
        .filter(([, address]) => address !== '')
        .map(([networkId, address]) => ({ networkId, address, of: service.Spec.Name })),
    ),
    services: services.map(({ Spec }) => ({
      name: Spec.Name,
      networkIds: (Spec.TaskTemplate?.Networks ?? []).map(({ Target }) => Target),
    })),
    tasks: (told.tasks.objects as readonly ApiTask[]).flatMap((task) => attachments(task, names)),
  }
}

function attachments(task: ApiTask, names: ReadonlyMap<string, string>): GivenAddresses['tasks'] {
  return (task.NetworksAttachments ?? []).flatMap(({ Network, Addresses }) =>
    (Addresses ?? []).map((address) => ({
      networkId: Network.ID,
      address: withoutLength(address),
      of: names.get(task.ServiceID) ?? task.ID,
      taskId: task.ID,
      // None where the swarm found no node for it.
      nodeId: (task.NodeID as string | undefined) ?? '',
      containerId: task.Status.ContainerStatus?.ContainerID ?? '',
      running: task.Status.State === 'running',
    })),
  )
}
