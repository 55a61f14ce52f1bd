import type { TestContext } from '../../lib/conformance/context.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { datagramFor, responderNonce } from '../../lib/probe/nonce.ts'
import type { Observation, ProbeRequest } from '../../lib/probe/probe.ts'
import type { ClusterNode, PublishedPort, Service, Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import type { Stack } from '../../lib/swarm/stack.ts'
import { inTask, onNode, orderedPairs } from './pair.ts'

type Shared = Omit<TestContext, 'evidence'>

/** One node asked by another on a published port. */
export interface PortAsked {
  readonly from: ClusterNode
  readonly to: ClusterNode
  readonly service: Service
  readonly port: PublishedPort
  readonly observation: Observation
}

/** Every published port of `dual` and `here`, asked on every node by every other. */
export interface Publishing {
  readonly asked: readonly PortAsked[]
  readonly dualTasks: readonly Task[]
  readonly hereTasks: readonly Task[]
}

/** Emulated hosts under load were seen to take more than five seconds for a request. */
const answerMs = 15_000
/** Time for what must not answer: a firewall may drop it, and that is as good as a refusal. */
const silenceMs = 1500

/** Asked once per run. While it is asked, a UDP echo server listens in every task of `dual`. */
export function publishing(context: TestContext): Promise<Publishing> {
  return context.once('publishing', ask)
}

async function ask({ cluster, stack, probe }: Shared): Promise<Publishing> {
  const { dual, here } = stack.services
  const dualTasks = stack.tasks.filter((task) => task.service === dual.name)
  const hereTasks = stack.tasks.filter((task) => task.service === here.name)
  const nonce = responderNonce()
  const plan = planner(stack, nonce)
  const planned = orderedPairs(cluster.nodes).flatMap(([from, to]) => [
    ...dual.published.flatMap((port) => plan(from, to, dual, port, 2 * dualTasks.length, answerMs)),
    ...here.published.flatMap((port) => {
      const timeoutMs = hereTasks.some((task) => task.node === to) ? answerMs : silenceMs
      return plan(from, to, here, port, 1, timeoutMs)
    }),
  ])
  const responders = dualTasks.flatMap((task) =>
    dual.published
      .filter(({ protocol }) => protocol === 'udp')
      .map(({ targetPort }) => ({ at: inTask(task), port: targetPort, nonce })),
  )
  const observations = await probe.send(
    planned.map(({ request }) => request),
    { responders },
  )
  return {
    dualTasks,
    hereTasks,
    asked: planned.map(({ from, to, service, port }, index) => ({
      ...{ from, to, service, port },
      observation: observations[index] as Observation,
    })),
  }
}

interface Planned extends Omit<PortAsked, 'observation'> {
  readonly request: ProbeRequest
}

/** `times` fresh connections in one request, or as many datagrams from as many sockets. */
function planner(stack: Stack, nonce: string) {
  return (
    from: ClusterNode,
    to: ClusterNode,
    service: Service,
    port: PublishedPort,
    times: number,
    timeoutMs: number,
  ): Planned[] => {
    const common = { from: onNode(from), to: to.advertise.address, port: port.publishedPort, timeoutMs }
    const entry = { from, to, service, port }
    if (port.protocol === 'tcp')
      return [
        { ...entry, request: { ...common, kind: 'tcp', request: httpGet(pagePath(stack)), repeat: times } },
      ]
    return Array.from({ length: times }, (_, index) => ({
      ...entry,
      request: {
        ...common,
        kind: 'udp' as const,
        expectReply: true,
        payload: datagramFor(nonce, `swarmproof ${index} ${from.nodeId} to ${to.nodeId}`),
      },
    }))
  }
}

/** Whether every connection or datagram came back with what was due. */
export function answeredWhole({ observation }: PortAsked, hostnames: ReadonlySet<string>): boolean {
  const { request, outcome, replies } = observation
  if (outcome !== 'answered') return false
  if (request.kind === 'udp') return replies[0]?.equals(request.payload) ?? false
  return replies.every((reply) => hostnames.has(bodyOf(reply)))
}

function bodyOf(reply: Buffer): string {
  const end = reply.indexOf('\r\n\r\n')
  return end === -1
    ? ''
    : reply
        .subarray(end + 4)
        .toString('utf8')
        .trim()
}
