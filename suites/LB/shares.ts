/** How many of one client's connections each task answered. */
export interface Shares {
  readonly client: string
  /** By the name of each running task; those that answered nothing included. */
  readonly byTask: Readonly<Record<string, number>>
  /** Answers by something that is no running task. */
  readonly strangers: readonly string[]
  /** Connections without an answer. */
  readonly unanswered: number
}

/**
 * Round robin gives each of n tasks every n-th new connection of a node. One client alone on its node thus sees
 * equal shares; one more or less is granted to connections that others on the node make at the same time.
 */
export const toleratedDifference = 1

export function countShares(
  client: string,
  answers: readonly (string | undefined)[],
  taskByHostname: ReadonlyMap<string, string>,
): Shares {
  const byTask = Object.fromEntries([...taskByHostname.values()].map((name) => [name, 0]))
  const strangers: string[] = []
  let unanswered = 0
  for (const answer of answers) {
    const task = answer === undefined ? undefined : taskByHostname.get(answer.trim())
    if (answer === undefined) unanswered += 1
    else if (task === undefined) strangers.push(answer.trim().slice(0, 40))
    else byTask[task] = (byTask[task] ?? 0) + 1
  }
  return { client, byTask, strangers, unanswered }
}

export function shareProblems({ client, byTask, strangers, unanswered }: Shares): string[] {
  const counts = Object.values(byTask)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const fair = total / Math.max(1, counts.length)
  const problems: string[] = []
  if (unanswered > 0) problems.push(`${client}: ${unanswered} connections to the VIP had no answer`)
  for (const stranger of new Set(strangers))
    problems.push(`${client}: "${stranger}" answered, which is no running task of the service`)
  for (const [task, count] of Object.entries(byTask)) {
    if (count === 0) problems.push(`${client}: ${task} answered none of ${total} connections`)
    else if (Math.abs(count - fair) > toleratedDifference)
      problems.push(
        `${client}: ${task} answered ${count} of ${total} connections, expected ${fair} ± ${toleratedDifference}`,
      )
  }
  return problems
}
