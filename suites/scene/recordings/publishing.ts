import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import type { Sent } from '../../../lib/conformance/send-plan.ts'
import { httpGet } from '../../../lib/probe/http.ts'
import { datagramFor, responderNonce } from '../../../lib/probe/nonce.ts'
import type { ProbeRequest } from '../../../lib/probe/probe.ts'
import type { ClusterNode, PublishedPort, Service } from '../../../lib/swarm/cluster.ts'
import { ingressNamespace } from '../../../lib/swarm/namespaces.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import type { Stack } from '../../../lib/swarm/stack.ts'
import { connectionsToReach } from '../judging/chance.ts'
import { kernel } from '../judging/kernel-seen.ts'
import { someChooseAtRandom } from '../../../lib/observe/random-balancer.ts'
import { inTask, onNode, partnersOf, triedNodePairs } from '../sending/pair.ts'
import { type RepeatedRequest, sendRepeatedly } from '../sending/send-repeatedly.ts'
import { tasksOfService, triedPairs } from '../sending/counted.ts'

interface AskingPort {
  /** Names of nodes, and of the service. */
  readonly from: string
  readonly to: string
  readonly service: string
}

/** One connection or datagram to a published port of a node, from another node. */
export type PortAsked = Sent<AskingPort>

/** Every published port of `dual` and `here`, asked on every node by every other that is tried. */
export interface Publishing {
  readonly asked: readonly PortAsked[]
}

/** Emulated hosts under load were seen to take more than five seconds for a request. */
const answerMs = 15_000
/** Time for what must not answer: a firewall may drop it, and that is as good as a refusal. */
const silenceMs = 1500

/** While it is asked, a UDP echo server listens in every task of `dual`. */
export const publishing = scene('publishing', ask, {
  byPairs: true,
  probes(lab) {
    const { dual, here } = lab.facts.services
    const times = connectionsToReach(tasksOfService(lab, 'dual'), partnersOf(lab.facts), lab.random)
    return triedPairs(lab).length * (dual.published.length * times + here.published.length)
  },
})

async function ask(lab: ObserveContext): Promise<Publishing> {
  const { cluster, stack, probe } = lab
  const { dual, here } = stack.services
  const dualTasks = stack.tasks.filter((task) => task.service === dual.name)
  const hereTasks = stack.tasks.filter((task) => task.service === here.name)
  const nonce = responderNonce()
  const plan = planner(stack, nonce)
  const isRandom = someChooseAtRandom(await lab.scene(kernel), ingressNamespace)
  const times = connectionsToReach(dualTasks.length, partnersOf(lab.facts), isRandom)
  const planned = triedNodePairs(lab, cluster.nodes).flatMap(([from, to]) => [
    ...dual.published.map((port) => plan(from, to, dual, port, times, answerMs)),
    ...here.published.map((port) => {
      const timeoutMs = hereTasks.some((task) => task.node === to) ? answerMs : silenceMs
      return plan(from, to, here, port, 1, timeoutMs)
    }),
  ])
  const responders = dualTasks.flatMap((task) =>
    dual.published
      .filter(({ protocol }) => protocol === 'udp')
      .map(({ targetPort }) => ({ at: inTask(task), port: targetPort, nonce })),
  )
  return { asked: await sendRepeatedly(probe, planned, { responders }) }
}

/** Fresh connections, or datagrams from sockets of their own. */
function planner(stack: Stack, nonce: string) {
  return (
    from: ClusterNode,
    to: ClusterNode,
    { name: service }: Service,
    { protocol, publishedPort: port }: PublishedPort,
    times: number,
    timeoutMs: number,
  ): RepeatedRequest<AskingPort> => {
    const common = { from: onNode(from), to: to.advertise.address, port, timeoutMs }
    const payload = datagramFor(nonce, `swarmproof ${from.nodeId} to ${to.nodeId}`)
    const request: ProbeRequest =
      protocol === 'tcp'
        ? { ...common, kind: 'tcp', request: httpGet(pagePath(stack)) }
        : { ...common, kind: 'udp', expectReply: true, payload }
    return { times, planned: { from: from.host.name, to: to.host.name, service, request } }
  }
}
