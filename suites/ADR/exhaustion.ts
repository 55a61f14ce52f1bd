import type { Sent } from '../../lib/conformance/send-plan.ts'
import { type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import { distinct, type Problem } from '../../lib/observation/problem.ts'
import type { TaskState } from '../../lib/swarm/task-states.ts'

/** What became of more tasks than a subnet has addresses. */
export interface Exhaustion {
  readonly network: string
  readonly states: readonly TaskState[]
  /** The most tasks the subnet can have addresses for. */
  readonly capacity: number
  /** What the managers' engines logged about the tasks that wait. */
  readonly log: readonly string[]
}

/** A running task. */
export interface Process {
  readonly task: TaskFacts
  /** Of the container's first process. */
  readonly pid: number
}

/** A running task asked by one of its neighbours; `to` is its id. */
export type NeighbourAsked = Sent<{ readonly to: string }>

const waiting = ['new', 'pending']
const reason = /exhaust|no available (IPv4 )?address|no available IP|could not find an available/i

/** Whether every task has come to where it stays: it runs, or waits. */
export function allSettled(states: readonly TaskState[]): boolean {
  return states.every(({ state }) => state === 'running' || waiting.includes(state))
}

/** Words about the missing address, and where they were found; undefined if there are none. */
export function exhaustionReason({
  states,
  log,
}: Pick<Exhaustion, 'states' | 'log'>): { where: 'task' | 'log'; words: string } | undefined {
  const told = states
    .filter(({ state }) => state !== 'running')
    .flatMap(({ error, message }) => [error, message])
    .find((text) => reason.test(text))
  if (told !== undefined) return { where: 'task', words: told }
  const logged = log.find((line) => reason.test(line))
  return logged === undefined ? undefined : { where: 'log', words: logged }
}

/**
 * What is not as it must be once a subnet is exhausted.
 *
 * @param node the manager, which gives out addresses
 * @param logsRead whether the logs of all managers were; without them nobody knows that nothing says why
 */
export function exhaustionProblems(seen: Exhaustion, node: string, logsRead: boolean): Problem[] {
  const { network, states, capacity } = seen
  const running = states.filter(({ state }) => state === 'running')
  const surplus = states.filter(({ state }) => state !== 'running')
  const addresses = running.flatMap((task) => task.addresses)
  const where = { node, network, kind: 'seen' as const }
  return distinct([
    ...(running.length > capacity
      ? [
          {
            ...{ ...where, code: 'more-tasks-than-addresses' as const },
            ...{ expected: capacity, observed: running.length },
          },
        ]
      : []),
    ...addresses
      .filter((address, index) => addresses.indexOf(address) !== index)
      .map((address) => ({ ...where, code: 'address-given-twice' as const, address })),
    ...surplus
      .filter(({ state }) => !waiting.includes(state))
      .map(({ id, state, error }) => ({
        ...{ ...where, code: 'task-does-not-wait' as const, subject: id },
        observed: error === '' ? state : `${state} (${error})`,
      })),
    ...(surplus.length > 0 && exhaustionReason(seen) === undefined && logsRead
      ? [
          {
            ...{ ...where, code: 'shortage-unexplained' as const, kind: 'missed' as const },
            observed: surplus.length,
          },
        ]
      : []),
  ])
}

/** Running tasks that do not answer one of their neighbours. */
export function silentTasks({
  network,
  running,
  asked,
}: {
  readonly network: string
  readonly running: readonly Process[]
  readonly asked: readonly NeighbourAsked[]
}): Problem[] {
  return asked.flatMap(({ to, probe }): Problem[] => {
    const task = running.find((one) => one.task.id === to)?.task
    const [answered = 'no HTTP'] = probe.replies
    if (task === undefined || (probe.outcome === 'answered' && answered === task.hostname)) return []
    const where = {
      path: { from: probe.fromNode, to: task.node },
      ends: { from: probe.from, to: taskName(task) },
      ...{ network, protocol: 'TCP', address: probe.to },
    }
    return probe.outcome === 'answered'
      ? [{ ...where, code: 'answered-by-another', kind: 'seen', expected: task.hostname, observed: answered }]
      : [{ ...where, code: 'not-delivered', kind: 'missed', observed: outcomeSeen(probe) }]
  })
}
