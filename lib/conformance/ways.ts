import type { ClusterFacts, TaskFacts } from '../observation/facts.ts'
import type { ProbeRequest } from '../probe/probe.ts'
import type { Ways } from '../probe/sparing-probe.ts'

const gatewayBridge = 'docker_gwbridge'

/**
 * The ways a request depends on, each from a node over a network to a node: one for the address of a task; one for each
 * node with a task behind a virtual IP or a port of the mesh, for any of them may get it; none where nothing is known.
 */
export function waysOf(facts: ClusterFacts): (request: ProbeRequest) => Ways {
  let known: ReturnType<typeof tablesOf> | undefined
  return (request) => {
    const { tasks, balanced, nodes } = (known ??= tablesOf(facts))
    const from = request.from.host.name
    // No host has a route into an overlay: whatever answers it there is somebody else.
    const isInside = request.from.namespace !== 'host'
    const task = isInside ? tasks.get(request.to) : undefined
    if (task !== undefined) return { direct: true, ways: [way(from, task.network, task.node)] }
    const behind = isInside ? balanced.byAddress.get(request.to) : undefined
    if (behind !== undefined)
      return { direct: false, ways: behind.nodes.map((node) => way(from, behind.network, node)) }
    const asked = nodes.get(request.to)
    if (asked === undefined || request.kind === 'icmp') return { direct: false, ways: [] }
    const published = balanced.byPort.get(`${request.kind} ${request.port}`) ?? []
    const others = published.filter((node) => node !== asked)
    return { direct: false, ways: others.map((node) => way(asked, balanced.meshNetwork, node)) }
  }
}

function tablesOf(facts: ClusterFacts) {
  const nodes = facts.nodes.flatMap(({ name, advertise, dataPath }) => [
    [advertise.address, name] as const,
    [dataPath.address, name] as const,
  ])
  return {
    tasks: new Map(facts.tasks.flatMap(addressesOf)),
    balanced: balancedOf(facts),
    nodes: new Map(nodes),
  }
}

function way(from: string, network: string, to: string): string {
  return `${from} ${network} ${to}`
}

/** Of addresses on docker_gwbridge each node has its own. */
function addressesOf({ node, endpoints }: TaskFacts) {
  return Object.entries(endpoints)
    .filter(([network]) => network !== gatewayBridge)
    .map(([network, { address }]) => [address, { network, node }] as const)
}

function balancedOf({ services, networks, tasks }: ClusterFacts) {
  const nodesOf = (service: string): string[] => [
    ...new Set(tasks.filter((task) => task.service === service).map(({ node }) => node)),
  ]
  const names = new Map(Object.values(networks).map(({ id, name }) => [id, name]))
  const all = Object.values(services)
  const byAddress = all.flatMap(({ name, vips }) =>
    Object.entries(vips).map(
      ([network, address]) =>
        [address, { network: names.get(network) ?? network, nodes: nodesOf(name) }] as const,
    ),
  )
  const byPort = all.flatMap(({ name, published }) =>
    published
      .filter(({ mode }) => mode === 'ingress')
      .map(({ protocol, publishedPort }) => [`${protocol} ${publishedPort}`, nodesOf(name)] as const),
  )
  return {
    byAddress: new Map(byAddress),
    byPort: new Map(byPort),
    // What no task is asked on: the stack's network of the same kind goes the same way, from node to node.
    meshNetwork: networks.ingress?.encrypted === true ? networks.secret.name : networks.clear.name,
  }
}
