import type { ClusterFacts, NodeFacts, TaskFacts } from '../lib/observation/facts.ts'
import { type PairChoice, pairSample } from '../lib/observation/pair-sample.ts'

/** The facts of a lab of three nodes as those of one with many: the same networks, services and kinds of nodes. */
export function multipliedFacts(recorded: ClusterFacts, count: number, choice: PairChoice): ClusterFacts {
  const [manager, worker] = recorded.nodes
  if (manager === undefined || worker === undefined) throw new Error('a manager and a worker are needed')
  const nodes = Array.from({ length: count }, (_, index) => nodeOfMany(index === 0 ? manager : worker, index))
  const pairs = pairSample(nodes, choice)
  const networks = Object.fromEntries(
    Object.entries(recorded.networks).map(([role, network]) => [
      role,
      { ...network, ...(wide[role as keyof typeof wide] ?? {}) },
    ]),
  ) as ClusterFacts['networks']
  const [first] = nodes
  if (first === undefined) throw new Error('no node')
  const { topology } = recorded
  return {
    ...recorded,
    nodes,
    networks,
    manager: first.name,
    topology: {
      ...{ ...topology, name: `nodes-${count}` },
      nodes: nodes.map(({ name, role, advertise }) => ({
        ...{ name, role, memoryMib: 1024, cpus: 1, addresses: { underlay: advertise.address } },
      })),
      underlays: [{ name: 'underlay', subnet: '10.90.0.0/16', mtuBytes: 1500 }],
    },
    tasks: nodes.flatMap((node, index) => tasksOf(node, index, nodes.length, networks)),
    ...(pairs === undefined ? {} : { pairs }),
  }
}

/** With room for the tasks of two hundred nodes. */
const wide = {
  clear: { subnet: '10.91.0.0/16', gateway: '10.91.255.254' },
  secret: { subnet: '10.92.0.0/16', gateway: '10.92.255.254' },
}

function nodeOfMany(like: NodeFacts, index: number): NodeFacts {
  const at = { ...like.dataPath, address: `10.90.${index >> 8}.${index & 255 || 254}` }
  return {
    ...{ ...like, name: index === 0 ? 'manager' : `worker${index}`, nodeId: `node${index}` },
    ...{ advertise: at, dataPath: at },
    macs: { ...like.macs, [at.interface]: `52:54:00:01:${hex(index >> 8)}:${hex(index & 255)}` },
  }
}

function tasksOf(
  node: NodeFacts,
  index: number,
  count: number,
  { clear, secret, ingress }: ClusterFacts['networks'],
): TaskFacts[] {
  const at = (network: string, part: number, kind: number) => {
    const [high, low] = [16 * kind + (index >> 8), index & 255]
    return {
      [network]: {
        ...{ address: `10.${part}.${high}.${low || 254}`, prefixLength: 16 },
        mac: `02:42:0a:${hex(part)}:${hex(high)}:${hex(low)}`,
      },
    }
  }
  const task = (service: string, endpoints: TaskFacts['endpoints']): TaskFacts => {
    const id = `${service}-${index}`
    return { ...{ id, service, node: node.name, containerId: id, hostname: id }, endpoints }
  }
  const inMesh = (kind: number) => (ingress === undefined ? {} : at(ingress.name, 93, kind))
  return [
    ...(index === count - 1 ? [] : [task('swp-web', { ...at(clear.name, 91, 1), ...inMesh(1) })]),
    task('swp-rr', at(clear.name, 91, 2)),
    task('swp-vault', at(secret.name, 92, 1)),
    ...(index < 2 ? [task('swp-dual', inMesh(2))] : []),
    ...(index === 0 ? [task('swp-here', {})] : []),
    ...(index === 1 ? [task('swp-both', at(clear.name, 91, 3))] : []),
  ]
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
