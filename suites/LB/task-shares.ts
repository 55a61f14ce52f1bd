import { type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import type { Problem } from '../../lib/observation/problem.ts'

/** How many of one client's connections each task answered. */
export interface Shares {
  /** By the id of each running task; those that answered nothing included. */
  readonly byTask: Readonly<Record<string, number>>
  /** Answers by something that is no running task. */
  readonly strangers: readonly string[]
  /** Connections without an answer. */
  readonly unanswered: number
}

/** A client and the virtual IP it connected to. */
export type Client = Pick<Problem, 'network' | 'service' | 'address' | 'port'> & {
  readonly node: string
  readonly ends: NonNullable<Problem['ends']>
}

/**
 * Round robin gives each of n tasks every n-th new connection of a node. One client alone on its node thus sees
 * equal shares; one more or less is granted to connections that others on the node make at the same time.
 */
export const toleratedDifference = 1

/** What chance may do to shares in fewer than one of a million cases is no problem. */
const standardDeviations = 5
/** A task that chance would leave out less often than that is missing. */
const leftOutByChance = 1e-5

/** Chance that at least one of so many tasks answers none of so many connections, at most. */
export function chanceToMiss(connections: number, tasks: number): number {
  return tasks * (1 - 1 / tasks) ** connections
}

/** @param answers the host name that each connection was answered with; empty without an answer */
export function countShares(answers: readonly string[], tasks: readonly TaskFacts[]): Shares {
  const byTask = Object.fromEntries(tasks.map(({ id }) => [id, 0]))
  const strangers: string[] = []
  let unanswered = 0
  for (const answer of answers) {
    const task = tasks.find(({ hostname }) => hostname === answer)
    if (answer === '') unanswered += 1
    else if (task === undefined) strangers.push(answer.slice(0, 40))
    else byTask[task.id] = (byTask[task.id] ?? 0) + 1
  }
  return { byTask, strangers, unanswered }
}

/** @param isRandom the balancer chooses at random: shares are compared with what chance does */
export function shareProblems(
  { byTask, strangers, unanswered }: Shares,
  tasks: readonly TaskFacts[],
  client: Client,
  isRandom = false,
): Problem[] {
  const total = Object.values(byTask).reduce((sum, count) => sum + count, 0)
  const fair = Math.round((10 * total) / Math.max(1, tasks.length)) / 10
  const made = total + strangers.length + unanswered
  const share = 1 / Math.max(1, tasks.length)
  const tolerated = isRandom
    ? standardDeviations * Math.sqrt(total * share * (1 - share))
    : toleratedDifference
  const mayMiss = isRandom && chanceToMiss(total, tasks.length) > leftOutByChance
  return [
    ...(unanswered === 0 ? [] : [unansweredProblem(client, unanswered, made)]),
    ...[...new Set(strangers)].map((stranger): Problem => {
      return { ...client, code: 'answered-by-another', kind: 'seen', protocol: 'TCP', observed: stranger }
    }),
    ...tasks.flatMap((task): Problem[] => {
      const count = byTask[task.id] ?? 0
      const where = { ...client, subject: taskName(task), path: { from: client.node, to: task.node } }
      if (count === 0 && total > 0 && !mayMiss)
        return [{ ...where, code: 'task-not-balanced-to', kind: 'missed', expected: fair }]
      return Math.abs(count - fair) <= tolerated
        ? []
        : [{ ...where, code: 'shares-unequal', kind: 'seen', expected: fair, observed: count }]
    }),
  ]
}

function unansweredProblem(client: Client, unanswered: number, made: number): Problem {
  return { ...client, code: 'connections-unanswered', kind: 'missed', expected: made, observed: unanswered }
}

/** For a table: how many connections of each client each task answered. */
export function sharesTable(
  client: string,
  { byTask, strangers, unanswered }: Shares,
  tasks: readonly TaskFacts[],
) {
  return {
    client,
    byTask: tasks.map((task) => ({ task: taskName(task), answered: byTask[task.id] ?? 0 })),
    strangers,
    unanswered,
  }
}
