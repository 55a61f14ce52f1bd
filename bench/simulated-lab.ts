import type { ObserveContext, Scene } from '../lib/conformance/context.ts'
import type { ClusterFacts, ServiceRole } from '../lib/observation/facts.ts'
import type { Observation, Probe, ProbeRequest } from '../lib/probe/probe.ts'
import type { ClusterNode, Service, Task } from '../lib/swarm/cluster.ts'

/**
 * A lab that is nothing but its facts: scenes plan as on any other, and probes are answered as by a sound swarm, but for
 * what crosses the data path of nodes that are cut off.
 */
export function simulatedLab(
  facts: ClusterFacts,
  cutOff: ReadonlySet<string> = new Set(),
): { readonly lab: ObserveContext; readonly sent: () => number } {
  const nodes = facts.nodes.map((node) => ({ ...node, host: { name: node.name } }) as unknown as ClusterNode)
  const byName = new Map(nodes.map((node) => [node.host.name, node]))
  const tasks = facts.tasks.map(
    (task) => ({ ...task, node: byName.get(task.node), pid: pidOf(facts, task.id) }) as unknown as Task,
  )
  const answers = answering(facts, cutOff)
  let count = 0
  const probe: Probe = {
    send(requests) {
      count += requests.reduce((sum, one) => sum + (one.kind === 'tcp' ? (one.repeat ?? 1) : 1), 0)
      return Promise.resolve(requests.map(answers))
    },
  }
  const lab = {
    facts,
    cluster: { nodes, manager: nodes[0], dataPathPort: facts.dataPathPort },
    stack: {
      networks: facts.networks,
      services: facts.services,
      tasks,
      bulkBytes: facts.bulkBytes,
      probeTask: { nonce: 'x' },
    },
    probe,
    wire: {
      during: async (_: unknown, work: (c: []) => Promise<unknown>) => ({
        result: await work([]),
        recordings: [],
      }),
    },
    state: () => Promise.resolve(new Map()),
    scene: <T>({ key, record }: Scene<T>): Promise<T> =>
      key === 'kernel' ? Promise.resolve({} as T) : record(lab),
    signal: new AbortController().signal,
    outsiders: [],
  } as unknown as ObserveContext
  return { lab, sent: () => count }
}

const pidOf = (facts: ClusterFacts, id: string): number => facts.tasks.findIndex((task) => task.id === id) + 1

function answering(facts: ClusterFacts, cutOff: ReadonlySet<string>): (request: ProbeRequest) => Observation {
  const byAddress = new Map(
    facts.tasks.flatMap((task) =>
      Object.values(task.endpoints).map(({ address }) => [address, task] as const),
    ),
  )
  const nodes = new Map(facts.nodes.map((node) => [node.advertise.address, node.name]))
  const ports = new Map(
    (['web', 'dual', 'here'] as ServiceRole[]).flatMap((role) => {
      const service = facts.services[role] as Service | undefined
      return (service?.published ?? []).map(
        (port) => [`${port.protocol} ${port.publishedPort}`, { service, port }] as const,
      )
    }),
  )
  const turns = new Map<string, number>()
  const crosses = (from: string, to: string): boolean => from === to || (!cutOff.has(from) && !cutOff.has(to))
  const balanced = (request: ProbeRequest): string | undefined => {
    const node = nodes.get(request.to)
    if (node === undefined || request.kind === 'icmp') return undefined
    const found = ports.get(`${request.kind} ${request.port}`)
    if (found === undefined) return undefined
    const own = facts.tasks.filter(({ service }) => service === found.service?.name)
    const reachable = found.port.mode === 'host' ? own.filter((task) => task.node === node) : own
    const turn = (turns.get(`${node} ${request.port}`) ?? 0) % Math.max(1, reachable.length)
    turns.set(`${node} ${request.port}`, turn + 1)
    const task = reachable[turn]
    return task !== undefined && crosses(node, task.node) ? task.hostname : undefined
  }
  return (request) => {
    const from = request.from.host.name
    const inside = request.from.namespace !== 'host'
    const task = inside ? byAddress.get(request.to) : undefined
    const node = nodes.get(request.to)
    const hostname =
      task !== undefined ? (crosses(from, task.node) ? task.hostname : undefined) : balanced(request)
    const isControl = request.kind === 'tcp' && node !== undefined && [2377, 7946].includes(request.port)
    return observation(request, {
      hostname,
      answered: hostname !== undefined || isControl,
      bytes: facts.bulkBytes,
    })
  }
}

function observation(
  request: ProbeRequest,
  {
    hostname,
    answered,
    bytes,
  }: { readonly hostname: string | undefined; readonly answered: boolean; readonly bytes: number },
): Observation {
  const connects = request.kind === 'tcp' && request.request === undefined
  const outcome = !answered ? 'timeout' : connects ? 'connected' : 'answered'
  const times = request.kind === 'tcp' ? (request.repeat ?? 1) : 1
  const isBulk = request.kind === 'tcp' && Buffer.from(request.request ?? []).includes('bulk')
  const head = 'HTTP/1.1 200 OK\r\n\r\n'
  const reply = !answered
    ? Buffer.alloc(0)
    : request.kind === 'udp'
      ? Buffer.from(request.payload)
      : Buffer.from(request.kind === 'tcp' && !connects ? `${head}${isBulk ? '' : `${hostname}\n`}` : '')
  const size = isBulk && answered ? head.length + bytes : reply.length
  return {
    ...{ request, outcome, elapsedMs: answered ? 20 : 5000 },
    attempts: Array.from({ length: times }, () => ({
      ...{ outcome, startedMs: 1, elapsedMs: answered ? 20 : 5000 },
      source: { address: '10.0.0.1', port: 40_000 },
    })),
    replies: Array.from({ length: times }, () => reply),
    replyBytes: Array.from({ length: times }, () => size),
  }
}
