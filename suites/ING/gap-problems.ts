import { addressIn, type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { countShares, type Shares } from '../LB/task-shares.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { nameProblems } from '../scene/judging/name-problems.ts'
import type { Meanwhile, Probed } from './ingress-gap.ts'

type Connection = Meanwhile['byVirtualIp'][number]

/** Tasks that no longer run, though nothing was done to their services. */
export function lostProblems(before: readonly TaskFacts[], now: readonly TaskFacts[]): Problem[] {
  return before
    .filter(({ id }) => !now.some((task) => task.id === id))
    .map((task) => ({
      ...{ code: 'task-ended-without-ingress', kind: 'missed', node: task.node },
      ...{ service: task.service, subject: taskName(task), observed: task.id },
    }))
}

/** How a task or a name was not reached as it should be. */
export function probedProblems({ from, to, network, probe }: Probed, tasks: readonly TaskFacts[]): Problem[] {
  if ('service' in to) {
    const listed = tasks.filter(
      (task) => task.service === to.service && task.endpoints[network] !== undefined,
    )
    return nameProblems(
      { name: `tasks.${to.service}`, probe },
      new Map(listed.map((task) => [addressIn(task, { name: network }), taskName(task)])),
      { network, service: to.service },
    )
  }
  const [sender, receiver] = [from, to.task].map((id) => tasks.find((task) => task.id === id))
  if (sender === undefined || receiver === undefined) return []
  const where = {
    path: { from: sender.node, to: receiver.node },
    ends: { from: taskName(sender), to: taskName(receiver) },
    ...{ network, protocol: probe.kind.toUpperCase() },
  }
  if (probe.outcome !== 'answered')
    return [{ ...where, code: 'not-delivered', kind: 'missed', observed: outcomeSeen(probe) }]
  const [answered = ''] = probe.replies
  return probe.kind !== 'tcp' || answered === receiver.hostname
    ? []
    : [
        {
          ...{ ...where, code: 'answered-by-another', kind: 'seen' },
          ...{ expected: receiver.hostname, observed: answered.slice(0, 60) || 'no HTTP' },
        },
      ]
}

/** Connections of one client to a virtual IP that were not answered by its tasks. How they are shared is not judged. */
function clientProblems(connections: readonly Connection[], tasks: readonly TaskFacts[]): Problem[] {
  const [first] = connections
  const sender = tasks.find(({ id }) => id === first?.client)
  if (first === undefined || sender === undefined) return []
  const { network, probe } = first
  const { strangers, unanswered } = sharesOf(connections, tasks)
  const where = {
    ...{ node: sender.node, ends: { from: taskName(sender), to: sender.service } },
    ...{ network, service: sender.service, protocol: 'TCP', address: probe.to, port: probe.port ?? 0 },
  }
  const silent: Problem = {
    ...{ ...where, code: 'connections-unanswered', kind: 'missed' },
    ...{ expected: repliesOf(connections).length, observed: unanswered },
  }
  return [
    ...(unanswered === 0 ? [] : [silent]),
    ...[...new Set(strangers)].map((observed): Problem => ({
      ...{ ...where, code: 'answered-by-another', kind: 'seen', expected: sender.service, observed },
    })),
  ]
}

export function virtualIpProblems(
  connections: readonly Connection[],
  tasks: readonly TaskFacts[],
): Problem[] {
  return byClient(connections).flatMap((of) => clientProblems(of, tasks))
}

/** How many connections each task answered, in one order: `2:2:2`. */
export function sharesText(
  connections: readonly Connection[],
  tasks: readonly TaskFacts[],
): { readonly client: string; readonly byTask: string }[] {
  return byClient(connections).map((of) => ({
    client: of[0]?.probe.from ?? '',
    byTask: Object.values(sharesOf(of, tasks).byTask).join(':'),
  }))
}

function byClient(connections: readonly Connection[]): (readonly Connection[])[] {
  return [...groupBy(connections, ({ client }) => client).values()]
}

function sharesOf(connections: readonly Connection[], tasks: readonly TaskFacts[]): Shares {
  const service = tasks.find(({ id }) => id === connections[0]?.client)?.service
  return countShares(
    repliesOf(connections),
    tasks.filter((task) => task.service === service),
  )
}

function repliesOf(connections: readonly Connection[]): string[] {
  return connections.flatMap(({ probe }) => probe.replies)
}
