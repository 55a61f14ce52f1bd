import { httpGet, httpReply } from '../../lib/probe/http.ts'
import type { Observation, TcpRequest } from '../../lib/probe/probe.ts'
import type { Cluster, ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { type Stack, tasksOn } from '../../lib/swarm/stack.ts'
import type { Carried } from './left-out.ts'
import { addressOn, inTask, onNode, orderedPairs, taskLabel } from './pair.ts'

/** One way to fetch the bulk file. */
export interface Planned {
  /** `task`: from a task's own address. `vip`: by a service's VIP. `ingress`: by the published port of a node. */
  readonly by: 'task' | 'vip' | 'ingress'
  /** Who asks whom, as a report names them. */
  readonly label: string
  /** The node asked, for `ingress`. */
  readonly through?: ClusterNode
  readonly request: TcpRequest
}

const timeoutMs = 20_000

/**
 * Between every ordered pair of nodes on the clear and the encrypted network, by VIP from every node, and through
 * the ingress port of every node, asked by another. VIP and ingress are asked once for each task behind them. What
 * the kernels cannot carry is left out.
 */
export function planDownloads(
  cluster: Cluster,
  stack: Stack,
  { roles, balances }: Pick<Carried, 'roles' | 'balances'>,
): Planned[] {
  const { clear, ingress } = stack.networks
  const { web } = stack.services
  const webTasks = stack.tasks.filter((task) => task.service === web.name).length
  const vip = web.vips[clear.id] ?? ''
  const published = web.published.find(({ mode, protocol }) => mode === 'ingress' && protocol === 'tcp')
  return [
    ...roles.flatMap((role) =>
      orderedPairs(onePerNode(tasksOn(stack, role))).map(([from, to]): Planned => ({
        by: 'task',
        label: `${taskLabel(from)} from ${taskLabel(to)} on ${stack.networks[role].name}`,
        request: bulk(stack, { from: inTask(from), to: addressOn(to, stack.networks[role]), port: 80 }),
      })),
    ),
    ...(balances ? onePerNode(tasksOn(stack, 'clear')) : []).map((from): Planned => ({
      by: 'vip',
      label: `${taskLabel(from)} from the VIP of ${web.name}`,
      request: bulk(stack, { from: inTask(from), to: vip, port: 80 }, webTasks),
    })),
    ...(published === undefined || !balances ? [] : throughEachNode(cluster.nodes)).map(
      ([from, to]): Planned => ({
        by: 'ingress',
        label: `${from.host.name} from port ${published?.publishedPort} of ${to.host.name} (${ingress.name})`,
        through: to,
        request: bulk(
          stack,
          { from: onNode(from), to: to.advertise.address, port: published?.publishedPort ?? 0 },
          webTasks,
        ),
      }),
    ),
  ]
}

/** Each node asked by its neighbour in the list, so that nobody asks himself. */
function throughEachNode(nodes: readonly ClusterNode[]): (readonly [ClusterNode, ClusterNode])[] {
  return nodes.flatMap((to, index) => {
    const from = nodes[(index + 1) % nodes.length]
    return from === undefined || from === to ? [] : [[from, to] as const]
  })
}

function onePerNode(tasks: readonly Task[]): Task[] {
  return tasks.filter((task, index) => tasks.findIndex(({ node }) => node === task.node) === index)
}

function bulk(stack: Stack, way: Pick<TcpRequest, 'from' | 'to' | 'port'>, repeat = 1): TcpRequest {
  return { kind: 'tcp', ...way, request: httpGet(pagePath(stack, 'bulk')), repeat, timeoutMs }
}

/** What is wrong with a download, in words; empty if every byte of every repeat arrived. */
export function downloadProblems(
  observation: Pick<Observation, 'outcome' | 'errno' | 'replies' | 'replyBytes'>,
  bulkBytes: number,
): string[] {
  return observation.replyBytes.flatMap((total, index) => {
    const reply = httpReply(observation.replies[index] ?? Buffer.alloc(0))
    const body = total - (reply?.headerBytes ?? 0)
    if (reply?.status === 200 && body === bulkBytes) return []
    const errno = observation.errno === undefined ? '' : ` (${observation.errno})`
    if (reply === undefined) return [`no answer, ${observation.outcome}${errno}`]
    if (reply.status !== 200) return [`HTTP status ${reply.status}`]
    return [`${body} of ${bulkBytes} bytes arrived, ${observation.outcome}${errno}`]
  })
}
