import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import type { Sent } from '../../../lib/conformance/send-plan.ts'
import { Inconclusive } from '../../../lib/inconclusive.ts'
import type { ClusterFacts } from '../../../lib/observation/facts.ts'
import type { Missing } from '../../../lib/observation/judgement.ts'
import { httpBody, httpGet } from '../../../lib/probe/http.ts'
import type { Observation, ProbeRequest } from '../../../lib/probe/probe.ts'
import type { ClusterNode, PublishedPort } from '../../../lib/swarm/cluster.ts'
import { ingressNamespace } from '../../../lib/swarm/namespaces.ts'
import { hasIngress } from '../../../lib/swarm/no-ingress.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import type { Stack } from '../../../lib/swarm/stack.ts'
import { connectionsToReach } from '../judging/chance.ts'
import { kernel } from '../judging/kernel-seen.ts'
import { someChooseAtRandom } from '../../../lib/observe/random-balancer.ts'
import { onNode, partnersOf, triedNodePairs } from '../sending/pair.ts'
import { type RepeatedRequest, sendRepeatedly } from '../sending/send-repeatedly.ts'
import { gatewayBridgeName } from '../../../lib/topology/swarm-defaults.ts'
import { sum, tasksOfService, triedPairs } from '../sending/counted.ts'
import { groupBy } from '../judging/group-by.ts'

interface Asking {
  /** Names of nodes. */
  readonly from: string
  readonly to: string
  /** `published`: the mesh must answer. The others must not be answered by any task of the stack. */
  readonly what: 'published' | 'target port' | 'other protocol' | 'task address'
}

/** One node asks another from its own namespace, as a client outside the swarm would, or itself: once. */
export type MeshAsked = Sent<Asking>

export interface Mesh {
  /** Empty in a swarm without ingress. */
  readonly asked: readonly MeshAsked[]
}

/** Time for what must not answer: a firewall may drop it, and that is as good as a refusal. */
const silenceMs = 1500

/** The published TCP port of `web`, and what is not published of it. */
export const mesh = scene('mesh', ask, {
  byPairs: true,
  probes(lab) {
    const { nodes, networks, tasks } = lab.facts
    if (networks.ingress === undefined) return 0
    const connections = connectionsToReach(tasksOfService(lab, 'web'), 1 + partnersOf(lab.facts), lab.random)
    const addresses = new Map(
      [...groupBy(tasks, ({ node }) => node)].map(([node, own]) => [
        node,
        sum(
          own,
          ({ endpoints }) => Object.keys(endpoints).filter((name) => name !== gatewayBridgeName).length,
        ),
      ]),
    )
    const pairs = sum(triedPairs(lab), ([, to]) => connections + 2 + (addresses.get(to) ?? 0))
    return pairs + nodes.length * connections
  },
})

async function ask(lab: ObserveContext): Promise<Mesh> {
  const { cluster, stack, probe } = lab
  if (!hasIngress(stack)) return { asked: [] }
  const { web } = stack.services
  const port = tcpPortInMesh(web)
  if (port === undefined) throw new Inconclusive(`service ${web.name} publishes no TCP port through ingress`)
  const tasks = stack.tasks.filter(({ service }) => service === web.name).length
  const isRandom = someChooseAtRandom(await lab.scene(kernel), ingressNamespace)
  const plan = planner(stack, port, connectionsToReach(tasks, 1 + partnersOf(lab.facts), isRandom))
  const planned = [
    ...triedNodePairs(lab, cluster.nodes).flatMap(([from, to]) => plan(from, to)),
    // A client on the node itself takes another way: nat OUTPUT instead of PREROUTING.
    ...cluster.nodes
      .flatMap((node) => plan(node, node))
      .filter(({ planned: { what } }) => what === 'published'),
  ]
  return { asked: await sendRepeatedly(probe, planned) }
}

export function tcpPortInMesh({
  published,
}: {
  readonly published: readonly PublishedPort[]
}): PublishedPort | undefined {
  return published.find(({ mode, protocol }) => mode === 'ingress' && protocol === 'tcp')
}

/** The port a manager gave a service on the mesh; undefined while it has not. */
export function meshPort({
  published,
}: {
  readonly published: readonly PublishedPort[]
}): number | undefined {
  return published.find(({ mode, publishedPort }) => mode === 'ingress' && publishedPort > 0)?.publishedPort
}

/** What is missing for whoever rests on ingress alone. */
export function ingressMissing({ networks }: Pick<ClusterFacts, 'networks'>): Missing[] {
  return networks.ingress === undefined ? [{ what: 'ingress network', of: 'topology', nodes: [] }] : []
}

function planner(stack: Stack, { publishedPort, targetPort }: PublishedPort, connections: number) {
  return (from: ClusterNode, to: ClusterNode): RepeatedRequest<Asking>[] => {
    const common = { from: onNode(from), to: to.advertise.address }
    const http = { kind: 'tcp' as const, request: httpGet(pagePath(stack)) }
    const names = { from: from.host.name, to: to.host.name }
    const addresses = stack.tasks
      .filter((task) => task.node === to)
      .flatMap(({ endpoints }) => Object.entries(endpoints))
      .filter(([network]) => network !== gatewayBridgeName)
      .map(([, { address }]) => address)
    const silent = { ...http, port: targetPort, timeoutMs: silenceMs }
    const planned = (what: Asking['what'], request: ProbeRequest, times = 1): RepeatedRequest<Asking> => ({
      ...{ times, planned: { ...names, what, request } },
    })
    return [
      planned('published', { ...common, ...http, port: publishedPort }, connections),
      planned('target port', { ...common, ...silent }),
      planned('other protocol', {
        ...{ ...common, kind: 'udp', port: publishedPort, payload: Buffer.from('swarmproof') },
        ...{ expectReply: true, timeoutMs: silenceMs },
      }),
      ...addresses.map((address) => planned('task address', { ...common, ...silent, to: address })),
    ]
  }
}

/** Who answered: the hostnames its replies name, one per connection that was answered. */
export function answeredBy({ replies }: Pick<Observation, 'replies'>): string[] {
  return replies.flatMap((reply) => {
    const body = httpBody(reply)?.trim()
    return body === undefined || body === '' ? [] : [body]
  })
}
