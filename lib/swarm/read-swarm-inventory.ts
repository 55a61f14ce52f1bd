import { containerId, networkId, swarmId } from '../identifier.ts'
import { scriptLines, sh } from '../script.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { docker } from './docker.ts'

/** What runs and exists in a swarm, as lines of text that are the same again while nothing changed. */
export interface SwarmInventory {
  /** `worker1: Ready Active` by node id. */
  readonly nodes: ReadonlyMap<string, string>
  /** Running containers, name and host by id. */
  readonly containers: ReadonlyMap<string, { readonly name: string; readonly host: string }>
  /** Name and host by `host/id`: a network that was recreated has another id. */
  readonly networks: ReadonlyMap<string, { readonly name: string; readonly host: string }>
  /** Running and wanted tasks by service name, `2/2`. */
  readonly services: ReadonlyMap<string, string>
}

const onNode = scriptLines([
  sh`docker ps --no-trunc --format 'container {{.ID}} {{.Names}}'`,
  sh`docker network ls --no-trunc --format 'network {{.ID}} {{.Name}}'`,
])

const onManager = scriptLines([
  onNode,
  sh`docker node ls --format 'node {{.ID}} {{.Hostname}} {{.Status}} {{.Availability}}'`,
  sh`docker service ls --format 'service {{.Name}} {{.Replicas}}'`,
])

/** One remote call a node. */
export async function readSwarmInventory(cluster: Cluster): Promise<SwarmInventory> {
  const read = async (node: ClusterNode) => ({
    host: node.host.name,
    lines: (await docker(node.host, node === cluster.manager ? onManager : onNode)).trim().split('\n'),
  })
  return inventoryOf(await Promise.all(cluster.nodes.map(read)))
}

/** Of each kind of line; services are told by their names. */
const identifiers: Readonly<Record<string, (id: string, host: string) => string>> = {
  container: containerId,
  network: networkId,
  node: swarmId,
}

export function inventoryOf(
  answers: readonly { readonly host: string; readonly lines: readonly string[] }[],
): SwarmInventory {
  const found = answers.flatMap(({ host, lines }) =>
    lines.map((line) => {
      const [kind = '', id = '', ...rest] = line.split(' ')
      return { host, kind, id: identifiers[kind]?.(id, host) ?? id, rest: rest.join(' ') }
    }),
  )
  const of = (kind: string) => found.filter((entry) => entry.kind === kind)
  const named = ({ rest, host }: { rest: string; host: string }) => ({ name: rest, host })
  return {
    nodes: new Map(of('node').map(({ id, rest }) => [id, rest.replace(' ', ': ')])),
    containers: new Map(of('container').map((entry) => [entry.id, named(entry)])),
    networks: new Map(of('network').map((entry) => [`${entry.host}/${entry.id}`, named(entry)])),
    services: new Map(of('service').map(({ id, rest }) => [id, rest])),
  }
}
