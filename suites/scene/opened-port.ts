import type { TestContext } from '../../lib/conformance/context.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { ProbeRequest } from '../../lib/probe/probe.ts'
import type { ClusterNode, Service, Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { answeredBy } from './mesh.ts'
import { outcomeText } from './outcome.ts'
import { onNode } from './pair.ts'

type Around = Pick<TestContext, 'probe' | 'cluster' | 'stack'>

/** An answer that takes longer on a busy host comes in the next look; what is not there yet must not hold up this one. */
const answerMs = 6_000
/** Time for what must not answer: a firewall may drop it, and that is as good as a refusal. */
const silenceMs = 1500

/** The port a manager gave a service on the mesh; undefined while it has not. */
export function meshPort({ published }: Service): number | undefined {
  return published.find(({ mode, publishedPort }) => mode === 'ingress' && publishedPort > 0)?.publishedPort
}

/** Nodes on which a published port is not answered by this task, each asked by the next. */
export async function unanswered(around: Around, service: Service, task: Task): Promise<string[]> {
  const port = meshPort(service)
  if (port === undefined)
    return [`${around.cluster.manager.host.name} states no published port of ${service.name}`]
  const asked = await askAround(around, port, answerMs)
  return asked.flatMap(({ from, to, observation }) => {
    const by = answeredBy(observation)
    if (by.includes(task.hostname)) return []
    const got = by[0] === undefined ? outcomeText(observation) : `answered by ${by[0]}`
    return [`${to.host.name}, asked by ${from.host.name} on ${port}: ${got}, expected ${task.hostname}`]
  })
}

/** Nodes on which one of these tasks still answers a port that is published no more. */
export async function stillAnswered(
  around: Around,
  port: number,
  hostnames: ReadonlySet<string>,
): Promise<string[]> {
  const asked = await askAround(around, port, silenceMs)
  return asked.flatMap(({ from, to, observation }) => {
    const by = answeredBy(observation).filter((hostname) => hostnames.has(hostname))
    return by.length === 0
      ? []
      : [`${to.host.name}, asked by ${from.host.name}: ${by[0]} still answers on ${port}`]
  })
}

async function askAround({ probe, cluster, stack }: Around, port: number, timeoutMs: number) {
  const { nodes } = cluster
  const planned = nodes.map((to, index) => {
    const from = nodes[(index + 1) % nodes.length] ?? to
    const request: ProbeRequest = {
      ...{ kind: 'tcp', from: onNode(from), to: to.advertise.address, port, timeoutMs },
      request: httpGet(pagePath(stack)),
    }
    return { from, to, request }
  })
  const observations = await probe.send(planned.map(({ request }) => request))
  return planned.flatMap(({ from, to }, index) => {
    const observation = observations[index]
    return observation === undefined ? [] : [{ from, to, observation }]
  }) satisfies { from: ClusterNode; to: ClusterNode }[]
}
