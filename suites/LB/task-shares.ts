import { type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { isTurn, mayBeShare, mayMissByChance } from '../scene/judging/chance.ts'

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
  const isShare = (count: number): boolean =>
    isRandom ? mayBeShare(count, total, tasks.length) : isTurn(count, fair)
  const mayMiss = isRandom && mayMissByChance(total, tasks.length)
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
      return isShare(count)
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
