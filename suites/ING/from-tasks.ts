import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { answersOf, type BehindPort } from '../scene/judging/port-answers.ts'
import { tcpPortInMesh } from '../scene/recordings/mesh.ts'
import { inTask } from '../scene/sending/pair.ts'

/** A task of one node asks a node, maybe its own, on a published port; nodes by name. */
interface Asking {
  readonly from: string
  readonly to: string
}

export interface FromTasks {
  /** Empty in a swarm without ingress. */
  readonly asked: readonly Sent<Asking>[]
}

/** Connections a task makes to a node, one after another. */
const times = 2

export async function observeFromTasks({ cluster, stack, probe }: ObserveContext): Promise<FromTasks> {
  if (!hasIngress(stack)) return { asked: [] }
  const { web } = stack.services
  const port = tcpPortInMesh(web)?.publishedPort
  if (port === undefined) throw new Inconclusive(`service ${web.name} publishes no TCP port through ingress`)
  const callers = cluster.nodes.flatMap((node) => callerOn(node, stack.tasks, web.name) ?? [])
  const plan = callers.flatMap((task) =>
    cluster.nodes.map((to): Planned<Asking> => ({
      ...{ from: task.node.host.name, to: to.host.name },
      request: {
        ...{ kind: 'tcp', from: inTask(task), to: to.advertise.address, port },
        ...{ request: httpGet(pagePath(stack)), repeat: times },
      },
    })),
  )
  return { asked: await sendPlan(probe, plan) }
}

function callerOn(node: ClusterNode, tasks: readonly Task[], service: string): Task | undefined {
  const here = tasks.filter((task) => task.node === node)
  return here.find((task) => task.service !== service) ?? here[0]
}

export function fromTaskProblems(
  { from, to, probe }: Sent<Asking>,
  { service, hostnames }: BehindPort,
): Problem[] {
  const answers = answersOf(probe)
  const silent = Math.max(1, probe.replies.length) - answers.length
  const where = {
    ...{ node: to, ends: { from: probe.from, to }, service, protocol: 'TCP' },
    ...{ address: probe.to, port: probe.port ?? 0 },
    ...(from === to ? {} : { path: { from, to } }),
  }
  const closed = probe.outcome === 'answered' ? 'closed without an answer' : outcomeSeen(probe)
  const unanswered: Problem = {
    ...{ ...where, code: from === to ? 'own-node-not-answering-task' : 'node-not-answering-task' },
    ...{ kind: 'missed', observed: `${silent} of ${silent + answers.length} (${closed})` },
  }
  return [
    ...(silent > 0 ? [unanswered] : []),
    ...[...new Set(answers)]
      .filter((answer) => !hostnames.has(answer))
      .map((answer): Problem => ({
        ...{ ...where, code: 'answered-by-another', kind: 'seen' },
        ...{ expected: service, observed: answer.slice(0, 60) },
      })),
  ]
}
