import { z } from 'zod'
import { networkFields, nodeFields, serviceFields, taskFields } from '../api-formats.ts'
import { SwarmproofError } from '../error.ts'
import { cidrBlock, ipAddress, networkId, portNumber, swarmId, vni } from '../identifier.ts'
import { type EngineRefusal, refusalOf } from '../observation/engine-refusal.ts'
import { printable } from '../printable.ts'
import type { Cluster } from './cluster.ts'
import { type FieldsTold, readFields } from './engine-fields.ts'

/**
 * What there is in a swarm, whoever made it, as a manager tells it: of what is an operator’s no other field is kept.
 * Nodes are named as hosts of the lab are.
 */
export interface SwarmObjects {
  readonly nodes: readonly { readonly node: string; readonly address: string }[]
  readonly networks: readonly {
    readonly id: string
    readonly name: string
    readonly ingress: boolean
    readonly subnets: readonly string[]
    readonly vnis: readonly number[]
  }[]
  readonly services: readonly {
    readonly id: string
    readonly name: string
    /** By network id. */
    readonly vips: Readonly<Record<string, string>>
    readonly published: readonly {
      readonly protocol: string
      readonly publishedPort: number
      readonly mode: string
    }[]
  }[]
  /** Those that run. */
  readonly tasks: readonly {
    readonly service: string
    readonly node: string
    /** By network id. */
    readonly addresses: Readonly<Record<string, string>>
  }[]
  /** Tasks that engines did not get to run, by what their words are known to mean; those that mean nothing known are left out. */
  readonly refused: readonly {
    readonly service: string
    readonly node?: string
    readonly means: EngineRefusal
  }[]
  /** There are more tasks than are read: a service may have others than these. */
  readonly tasksCut?: true
}

/** Of each kind of object but tasks. */
const mostObjects = 1000
const mostTasks = 5000
const longestNameCharacters = 100

/** What an engine said of a task may hold an operator’s words: of those that are not known nothing leaves the host. */
const knownWords =
  'vxlan interface.*(file exists|address already in use)|could not find an available|all predefined address pools'

/** One remote call. @throws as `readFields` */
export async function readSwarmObjects(cluster: Cluster): Promise<SwarmObjects> {
  const told = await readFields(
    cluster.manager.host,
    {
      nodes: { path: '/nodes', fields: nodeFields, most: mostObjects },
      networks: {
        ...{ path: '/networks', filters: { driver: ['overlay'] }, fields: networkFields, most: mostObjects },
      },
      services: { path: '/services', fields: serviceFields, most: mostObjects },
      tasks: {
        ...{ path: '/tasks', filters: { 'desired-state': ['running'] }, most: mostTasks },
        fields: [...taskFields, 'Status/Err/~'],
      },
      // What is to come, and what was before.
      others: {
        ...{
          path: '/tasks',
          filters: { 'desired-state': ['ready', 'accepted', 'complete', 'shutdown'] },
          most: mostTasks,
        },
        fields: ['ServiceID', 'NodeID', 'Slot', 'DesiredState', 'CreatedAt', 'Status/State', 'Status/Err/~'],
      },
    },
    knownWords,
  )
  return swarmObjectsOf(told, new Map(cluster.nodes.map((node) => [node.nodeId, node.host.name])))
}

const subnets = z.array(z.object({ Subnet: z.string().nullish() })).nullish()
const nodeShape = z.object({
  ID: z.string(),
  // An engine leaves out what is empty.
  Status: z.object({ Addr: z.string().nullish() }),
  ManagerStatus: z.object({ Addr: z.string().nullish() }).nullish(),
})
const networkShape = z.object({
  Id: z.string(),
  Name: z.string(),
  Ingress: z.boolean(),
  IPAM: z.object({ Config: subnets }),
  Options: z.record(z.string(), z.string().nullable()).nullish(),
})
const port = z.object({
  Protocol: z.string(),
  PublishedPort: z.number().nullish(),
  PublishMode: z.string(),
})
const serviceShape = z.object({
  ID: z.string(),
  Spec: z.object({ Name: z.string() }),
  Endpoint: z.object({
    VirtualIPs: z.array(z.object({ NetworkID: z.string(), Addr: z.string().nullish() })).nullish(),
    Ports: z.array(port).nullish(),
  }),
})
const attachment = z.object({
  Network: z.object({ ID: z.string() }),
  Addresses: z.array(z.string()).nullish(),
})
const taskShape = z.object({
  /** None of what was attached to a network without a service. */
  ServiceID: z.string().nullish(),
  /** None where no node was found for it. */
  NodeID: z.string().nullish(),
  Slot: z.number().nullish(),
  DesiredState: z.string(),
  CreatedAt: z.string(),
  Status: z.object({ State: z.string(), Err: z.string().nullish() }),
  NetworksAttachments: z.array(attachment).nullish(),
})

/** @param hosts name of the host by id of its node */
export function swarmObjectsOf(
  told: Readonly<Record<'nodes' | 'networks' | 'services' | 'tasks' | 'others', FieldsTold>>,
  hosts: ReadonlyMap<string, string>,
): SwarmObjects {
  const of = <T>(kind: keyof typeof told, shape: z.ZodType<T>): T[] =>
    told[kind].objects.map((object) => shaped(kind, object, shape))
  const nodes = of('nodes', nodeShape)
  const services = of('services', serviceShape)
  const tasks = of('tasks', taskShape)
  const nameOf = (id: string): string => hosts.get(id) ?? id
  const serviceOf = new Map(services.map(({ ID, Spec }) => [ID, named(Spec.Name)]))
  return {
    nodes: nodes.map((node) => ({ node: nameOf(swarmId(node.ID)), address: addressOfNode(node) })),
    networks: of('networks', networkShape).map(({ Id, Name, Ingress, IPAM, Options }) => ({
      ...{ id: networkId(Id), name: named(Name), ingress: Ingress },
      subnets: (IPAM.Config ?? []).flatMap(({ Subnet }) => (Subnet ? [cidrBlock(Subnet)] : [])),
      vnis: (Options?.['com.docker.network.driver.overlay.vxlanid_list'] ?? '')
        .split(',')
        .flatMap((digits) => (digits === '' ? [] : [vni(Number(digits))])),
    })),
    services: services.map(({ ID, Spec, Endpoint }) => ({
      ...{ id: swarmId(ID), name: named(Spec.Name) },
      vips: Object.fromEntries(
        (Endpoint.VirtualIPs ?? []).flatMap(({ NetworkID, Addr }) =>
          Addr ? [[networkId(NetworkID), withoutLength(Addr)]] : [],
        ),
      ),
      published: (Endpoint.Ports ?? []).flatMap(({ Protocol, PublishedPort, PublishMode }) =>
        PublishedPort
          ? [{ protocol: Protocol, publishedPort: portNumber(PublishedPort), mode: PublishMode }]
          : [],
      ),
    })),
    tasks: tasks.flatMap(({ ServiceID, NodeID, Status, NetworksAttachments }) =>
      Status.State !== 'running' || !ServiceID || !NodeID
        ? []
        : [
            {
              ...{ service: serviceOf.get(ServiceID) ?? ServiceID, node: nameOf(NodeID) },
              addresses: Object.fromEntries(
                (NetworksAttachments ?? []).flatMap(({ Network, Addresses }) =>
                  Addresses?.[0] === undefined
                    ? []
                    : [[networkId(Network.ID), withoutLength(Addresses[0])] as const],
                ),
              ),
            },
          ],
    ),
    ...(told.tasks.isCut ? { tasksCut: true as const } : {}),
    refused: refusedOf([...tasks, ...of('others', taskShape)]).flatMap(
      ({ task: { ServiceID, NodeID }, words }) => {
        const means = refusalOf(words)
        if (means === undefined || !ServiceID) return []
        const node = NodeID ? { node: nameOf(NodeID) } : {}
        return [{ service: serviceOf.get(ServiceID) ?? ServiceID, means, ...node }]
      },
    ),
  }
}

type ToldTask = z.infer<typeof taskShape>

/** The newest task of each slot on a node, where it does not run, with what that engine said of it or of the one before. */
function refusedOf(tasks: readonly ToldTask[]): { readonly task: ToldTask; readonly words: string }[] {
  const slots = new Map<string, { task: ToldTask; words: string }>()
  for (const task of tasks.toSorted((one, other) => (one.CreatedAt < other.CreatedAt ? 1 : -1))) {
    const slot = [task.ServiceID, task.Slot, task.NodeID].join(' ')
    const newest = slots.get(slot)
    const words = task.Status.Err ?? ''
    if (newest === undefined) slots.set(slot, { task, words })
    else if (newest.words === '') newest.words = words
  }
  return [...slots.values()].filter(
    ({ task }) => task.Status.State !== 'running' && task.DesiredState !== 'shutdown',
  )
}

/** Quotes nothing: it may be of somebody else's objects. */
function shaped<T>(kind: string, object: unknown, shape: z.ZodType<T>): T {
  const { success, data } = shape.safeParse(object)
  if (success) return data
  throw new SwarmproofError({
    code: 'DOCKER_OUTPUT',
    what: `an engine answered with one of the ${kind} of the swarm in an unexpected form`,
    observed: `${JSON.stringify(object).length} characters`,
  })
}

/** A manager may state no address of its own as a node; its own is the one others reach it by then. */
function addressOfNode({ Status, ManagerStatus }: z.infer<typeof nodeShape>): string {
  const [stated, asManager] = [Status.Addr ?? '', ManagerStatus?.Addr?.replace(/:\d+$/, '') ?? '']
  const address = ['', '0.0.0.0', '127.0.0.1', '::'].includes(stated) ? asManager : stated
  return address === '' ? '' : ipAddress(address)
}

function named(name: string): string {
  return printable(name).slice(0, longestNameCharacters)
}

function withoutLength(block: string): string {
  return ipAddress(block.split('/')[0])
}
