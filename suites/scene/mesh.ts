import type { TestContext } from '../../lib/conformance/context.ts'
import { httpBody, httpGet } from '../../lib/probe/http.ts'
import type { Observation, ProbeRequest } from '../../lib/probe/probe.ts'
import type { ClusterNode, PublishedPort, Task } from '../../lib/swarm/cluster.ts'
import { requireIngress } from '../../lib/swarm/no-ingress.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import type { Stack } from '../../lib/swarm/stack.ts'
import { onNode, orderedPairs } from './pair.ts'

type Shared = Omit<TestContext, 'evidence'>

/** One node asks another from its own namespace, as a client outside the swarm would. */
export interface Asked {
  readonly from: ClusterNode
  readonly to: ClusterNode
  /** `published`: the mesh must answer. The others must not be answered by any task of the stack. */
  readonly what: 'published' | 'target port' | 'other protocol' | 'task address'
  /** What was asked, e.g. `192.168.56.12:80/tcp`. */
  readonly target: string
  readonly observation: Observation
}

export interface Mesh {
  readonly port: PublishedPort
  /** The tasks behind the published port. */
  readonly tasks: readonly Task[]
  readonly asked: readonly Asked[]
}

/** Time for what must not answer: a firewall may drop it, and that is as good as a refusal. */
const silenceMs = 1500

/** Asks every node from every other, once per run: its published port, and what is not published. */
export function mesh(context: TestContext): Promise<Mesh> {
  return context.once('mesh', ask)
}

async function ask({ cluster, stack, probe }: Shared): Promise<Mesh> {
  requireIngress(stack)
  const { web } = stack.services
  const port = web.published.find(({ mode, protocol }) => mode === 'ingress' && protocol === 'tcp')
  if (port === undefined) throw new Error(`service ${web.name} publishes no TCP port through ingress`)
  const tasks = stack.tasks.filter((task) => task.service === web.name)
  const planned = [
    ...orderedPairs(cluster.nodes).flatMap(([from, to]) => plan(from, to, port, tasks.length, stack)),
    // A client on the node itself takes another way: nat OUTPUT instead of PREROUTING.
    ...cluster.nodes.flatMap((node) => plan(node, node, port, tasks.length, stack)).filter(isPublished),
  ]
  const observations = await probe.send(planned.map(({ request }) => request))
  return {
    port,
    tasks,
    asked: planned.map(({ request, ...entry }, index) => ({
      ...entry,
      target: `${request.to}:${request.kind === 'icmp' ? '' : request.port}/${request.kind}`,
      observation: observations[index] as Observation,
    })),
  }
}

const isPublished = ({ what }: Planned): boolean => what === 'published'

interface Planned extends Omit<Asked, 'observation' | 'target'> {
  readonly request: ProbeRequest
}

function plan(
  from: ClusterNode,
  to: ClusterNode,
  port: PublishedPort,
  tasks: number,
  stack: Stack,
): Planned[] {
  const common = { from: onNode(from), to: to.advertise.address }
  const http = { kind: 'tcp' as const, request: httpGet(pagePath(stack)) }
  const addresses = stack.tasks
    .filter((task) => task.node === to)
    .flatMap(({ endpoints }) => Object.entries(endpoints))
    .filter(([network]) => network !== 'docker_gwbridge')
    .map(([, { address }]) => address)
  return [
    {
      from,
      to,
      what: 'published',
      request: { ...common, ...http, port: port.publishedPort, repeat: 2 * tasks },
    },
    {
      from,
      to,
      what: 'target port',
      request: { ...common, ...http, port: port.targetPort, timeoutMs: silenceMs },
    },
    {
      from,
      to,
      what: 'other protocol',
      request: {
        ...common,
        kind: 'udp',
        port: port.publishedPort,
        payload: Buffer.from('swarmproof'),
        expectReply: true,
        timeoutMs: silenceMs,
      },
    },
    ...addresses.map((address): Planned => ({
      from,
      to,
      what: 'task address',
      request: { ...common, ...http, to: address, port: port.targetPort, timeoutMs: silenceMs },
    })),
  ]
}

/** Who answered: the hostnames its replies name, one per connection that was answered. */
export function answeredBy({ replies }: Pick<Observation, 'replies'>): string[] {
  return replies.flatMap((reply) => {
    const body = httpBody(reply)?.trim()
    return body === undefined || body === '' ? [] : [body]
  })
}
