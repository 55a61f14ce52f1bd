import type { ObserveContext } from '../../../lib/conformance/context.ts'
import type { Sent } from '../../../lib/conformance/send-plan.ts'
import { type AttemptSeen, outcomeSeen } from '../../../lib/observation/probe-seen.ts'
import { distinct, type Problem } from '../../../lib/observation/problem.ts'
import { httpGet } from '../../../lib/probe/http.ts'
import type { TcpRequest } from '../../../lib/probe/probe.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import { tasksOn } from '../../../lib/swarm/stack.ts'
import type { SupportedTraffic } from './supported-traffic.ts'
import { addressOn, inTask, onNode, onePerNode, taskLabel, triedHomePairs } from '../sending/pair.ts'
import { carried, homePairs, homesOf, sum, tasksAt, tasksOfService } from '../sending/counted.ts'
import { type SendingLab } from '../../../lib/conformance/sending.ts'

/** One way to fetch the bulk file. */
interface Downloading {
  /** `task`: from a task's own address. `vip`: by a service's VIP. `ingress`: by the published port of a node. */
  readonly by: 'task' | 'vip' | 'ingress'
  /** Label of what is asked: a task, a service, a node. */
  readonly to: string
  /** The node asked; absent for `vip`, which may lead to any. */
  readonly toNode?: string
  /** Name of the network it is asked on. */
  readonly network: string
  readonly service?: string
}

/** The same before it is sent. */
interface Planned extends Downloading {
  readonly request: TcpRequest
}

/** A bulk file fetched, once or several times over fresh connections; its bytes are told by their length alone. */
export type Downloaded = Sent<Downloading>

const timeoutMs = 20_000

/**
 * Between every ordered pair of nodes that is tried on the clear and the encrypted network, by VIP from every node, and through
 * the ingress port of every node, asked by another. VIP and ingress are asked once for each task behind them. What
 * the kernels cannot carry is left out.
 */
export function planDownloads(
  lab: Pick<ObserveContext, 'cluster' | 'facts' | 'stack'>,
  { roles, balances }: Pick<SupportedTraffic, 'roles' | 'balances'>,
): Planned[] {
  const { cluster, stack } = lab
  const { clear, ingress } = stack.networks
  const { web } = stack.services
  const webTasks = stack.tasks.filter((task) => task.service === web.name).length
  const published = web.published.find(({ mode, protocol }) => mode === 'ingress' && protocol === 'tcp')
  const fetching = (way: Pick<TcpRequest, 'from' | 'to' | 'port'>, repeat = 1): TcpRequest => ({
    ...{ kind: 'tcp', ...way, request: httpGet(pagePath(stack, 'bulk')), repeat, timeoutMs },
  })
  const betweenTasks = roles.flatMap((role) =>
    triedHomePairs(lab, tasksOn(stack, role)).map(([from, to]): Planned => {
      const network = stack.networks[role]
      return {
        ...{ by: 'task', to: taskLabel(to), toNode: to.node.host.name, network: network.name },
        request: fetching({ from: inTask(from), to: addressOn(to, network), port: 80 }),
      }
    }),
  )
  if (!balances) return betweenTasks
  return [
    ...betweenTasks,
    ...onePerNode(tasksOn(stack, 'clear')).map((from): Planned => ({
      ...{ by: 'vip', to: web.name, network: clear.name, service: web.name },
      request: fetching({ from: inTask(from), to: web.vips[clear.id] ?? '', port: 80 }, webTasks),
    })),
    ...(published === undefined ? [] : toTheNext(cluster.nodes)).map(([from, to]): Planned => ({
      ...{ by: 'ingress', to: to.host.name, toNode: to.host.name, network: ingress.name, service: web.name },
      request: fetching(
        { from: onNode(from), to: to.advertise.address, port: published?.publishedPort ?? 0 },
        webTasks,
      ),
    })),
  ]
}

/** How many of them there are, each repeat counted. */
export function downloadsOf(lab: SendingLab): number {
  const betweenTasks = sum(carried(lab), (role) => homePairs(lab, role))
  if (!lab.balances) return betweenTasks
  const { nodes, networks } = lab.facts
  const neighbours = networks.ingress === undefined || nodes.length < 2 ? 0 : nodes.length
  return betweenTasks + tasksOfService(lab, 'web') * (homesOf(tasksAt(lab, 'clear')) + neighbours)
}

/** Each entry asked by its neighbour in the list, so that none asks itself. */
function toTheNext<T>(entries: readonly T[]): (readonly [T, T])[] {
  return entries.flatMap((to, index) => {
    const from = entries[(index + 1) % entries.length]
    return from === undefined || from === to ? [] : [[from, to] as const]
  })
}

/**
 * What is wrong with a download; empty if every byte of every repeat arrived. The path leads from who asked to who was
 * asked; the file came the other way.
 */
export function transferProblems(download: Downloaded, bulkBytes: number): Problem[] {
  const { by, to, toNode, network, service, probe } = download
  const where = {
    ...(toNode === undefined ? { node: probe.fromNode } : { path: { from: probe.fromNode, to: toNode } }),
    ...(by === 'ingress' ? {} : { ends: { from: probe.from, to } }),
    ...{ network, protocol: 'TCP', address: probe.to },
    ...(probe.port === undefined ? {} : { port: probe.port }),
    ...(service === undefined ? {} : { service }),
  }
  const attempts: readonly (AttemptSeen | Downloaded['probe'])[] =
    probe.attempts.length > 0 ? probe.attempts : [probe]
  return distinct(
    attempts.flatMap((attempt, index): Problem[] => {
      const reply = probe.http?.[index] ?? undefined
      if (reply === undefined)
        return [{ ...where, code: 'transfer-unanswered', kind: 'missed', observed: outcomeSeen(attempt) }]
      if (reply.status !== 200)
        return [{ ...where, code: 'transfer-refused', kind: 'missed', observed: reply.status }]
      if (reply.bodyBytes === bulkBytes) return []
      const observed = `${reply.bodyBytes} bytes, ${outcomeSeen(attempt)}`
      return [{ ...where, code: 'transfer-not-whole', kind: 'missed', expected: bulkBytes, observed }]
    }),
  )
}
