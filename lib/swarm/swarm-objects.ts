import { z } from 'zod'
import { networkFormat, nodeFormat, serviceFormat, taskFormat } from '../api-formats.ts'
import { SwarmproofError } from '../error.ts'
import { cidrBlock, ipAddress, networkId, portNumber, swarmId, vni } from '../identifier.ts'
import { type EngineRefusal, refusalOf } from '../observation/engine-refusal.ts'
import { printable } from '../printable.ts'
import { execSections, type Sections } from '../remote/sections.ts'
import { scriptFile } from '../script-file.ts'
import type { Cluster } from './cluster.ts'
import { refusedTasks, taskListFormat } from './refused-tasks.ts'

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

/** One remote call. @throws SwarmproofError `OBJECTS_UNKNOWN` where the manager did not tell all of it */
export async function readSwarmObjects(cluster: Cluster): Promise<SwarmObjects> {
  const { host } = cluster.manager
  const { result, sections } = await execSections(host.remote, objectsScript, {
    timeoutMs: 60_000,
    idempotent: true,
  })
  if (sections.complete)
    return parseSwarmObjects(sections, new Map(cluster.nodes.map((node) => [node.nodeId, node.host.name])))
  throw new SwarmproofError({
    code: 'OBJECTS_UNKNOWN',
    what: 'what there is in the swarm could not be read',
    host: host.name,
    observed: `exit code ${result.exitCode}`,
  })
}

const objectsScript = scriptFile(import.meta.url, 'swarm-objects.sh', {
  most: mostObjects,
  most_tasks: mostTasks,
  known:
    'vxlan interface.*(file exists|address already in use)|could not find an available|all predefined address pools',
  node_format: nodeFormat,
  network_format: networkFormat,
  service_format: serviceFormat,
  task_format: taskFormat,
  listed_format: taskListFormat,
})

const subnets = z.array(z.object({ Subnet: z.string() })).nullable()
const nodeShape = z.object({
  ID: z.string(),
  Description: z.object({ Hostname: z.string() }),
  Status: z.object({ Addr: z.string() }),
  ManagerStatus: z.object({ Addr: z.string() }).nullable(),
})
const networkShape = z.object({
  Id: z.string(),
  Name: z.string(),
  Ingress: z.boolean(),
  IPAM: z.object({ Config: subnets }),
  Options: z.record(z.string(), z.string()).nullable(),
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
  ServiceID: z.string(),
  NodeID: z.string(),
  Status: z.object({ State: z.string() }),
  NetworksAttachments: z.array(attachment).nullish(),
})

/** @param hosts name of the host by id of its node */
export function parseSwarmObjects(sections: Sections, hosts: ReadonlyMap<string, string>): SwarmObjects {
  const of = <T>(section: string, shape: z.ZodType<T>): T[] =>
    sections.lines(section).map((line) => parsed(section, line, shape))
  const nodes = of('nodes', nodeShape)
  const services = of('services', serviceShape)
  const nameOf = (id: string): string => hosts.get(id) ?? id
  const byHostname = new Map(nodes.map(({ ID, Description }) => [Description.Hostname, nameOf(ID)]))
  const serviceOf = new Map(services.map(({ ID, Spec }) => [ID, named(Spec.Name)]))
  return {
    nodes: nodes.map((node) => ({ node: nameOf(swarmId(node.ID)), address: addressOfNode(node) })),
    networks: of('networks', networkShape).map(({ Id, Name, Ingress, IPAM, Options }) => ({
      ...{ id: networkId(Id), name: named(Name), ingress: Ingress },
      subnets: (IPAM.Config ?? []).map(({ Subnet }) => cidrBlock(Subnet)),
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
    tasks: of('tasks', taskShape)
      .filter(({ Status }) => Status.State === 'running')
      .map(({ ServiceID, NodeID, NetworksAttachments }) => ({
        ...{ service: serviceOf.get(ServiceID) ?? ServiceID, node: nameOf(NodeID) },
        addresses: Object.fromEntries(
          (NetworksAttachments ?? []).flatMap(({ Network, Addresses }) =>
            Addresses?.[0] === undefined ? [] : [[networkId(Network.ID), withoutLength(Addresses[0])]],
          ),
        ),
      })),
    ...(sections.all.some(({ name, argument }) => name === 'cut' && argument === 'tasks')
      ? { tasksCut: true as const }
      : {}),
    refused: refusedTasks(sections.lines('listed').join('\n'), byHostname).flatMap(
      ({ service, node, error }) => {
        const means = refusalOf(error)
        return means === undefined
          ? []
          : [{ service: named(service), means, ...(node === undefined ? {} : { node }) }]
      },
    ),
  }
}

/** Quotes nothing: it may be of somebody else's objects. */
function parsed<T>(section: string, line: string, shape: z.ZodType<T>): T {
  try {
    return shape.parse(JSON.parse(line))
  } catch {
    throw new SwarmproofError({
      code: 'DOCKER_OUTPUT',
      what: `docker printed one of the ${section} of the swarm in an unexpected form`,
      observed: `${line.length} characters`,
    })
  }
}

/** A manager may state no address of its own as a node; its own is the one others reach it by then. */
function addressOfNode({ Status, ManagerStatus }: z.infer<typeof nodeShape>): string {
  const [stated, asManager] = [Status.Addr, ManagerStatus?.Addr.replace(/:\d+$/, '') ?? '']
  const address = ['', '0.0.0.0', '127.0.0.1', '::'].includes(stated) ? asManager : stated
  return address === '' ? '' : ipAddress(address)
}

function named(name: string): string {
  return printable(name).slice(0, longestNameCharacters)
}

function withoutLength(block: string): string {
  return ipAddress(block.split('/')[0])
}
