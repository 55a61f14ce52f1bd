/** A task that chance would leave out less often than that is missing. */
const leftOutByChance = 1e-5
/** Shares that chance would give less often than that are not its work. */
const unequalByChance = 1e-6

/** Chance that at least one of so many tasks answers none of so many connections, at most. */
export function chanceToMiss(connections: number, tasks: number): number {
  return tasks * (1 - 1 / tasks) ** connections
}

/** So few answers that chance may have left out a task, though all were balanced to. */
export function mayMissByChance(connections: number, tasks: number): boolean {
  return chanceToMiss(connections, tasks) > leftOutByChance
}

/** The fewest connections of which chance leaves a task out less often than in one of a hundred thousand cases. */
export function connectionsAtRandom(tasks: number): number {
  if (tasks <= 1) return 1
  return Math.ceil(Math.log(leftOutByChance / tasks) / Math.log(1 - 1 / tasks))
}

const perTaskInTurn = 6
const perTaskAtRandom = 12

/**
 * Round robin gives each of n tasks every n-th new connection of a node. One client alone on its node thus sees
 * equal shares; one more or less is granted to connections that others on the node make at the same time.
 */
export function isTurn(count: number, fair: number): boolean {
  return Math.abs(count - fair) <= toleratedDifference
}

const toleratedDifference = 1

/** How many connections tell the shares of so many tasks. */
export function connectionsForShares(tasks: number, isRandom: boolean): number {
  return isRandom ? Math.max(perTaskAtRandom * tasks, connectionsAtRandom(tasks)) : perTaskInTurn * tasks
}

/** Connections that are enough to a node, however few are needed to reach every task twice. */
const enoughToANode = 144

/**
 * How many connections each of several clients makes so that together they reach all of so many tasks: where balancers
 * take turns two for each task, up to nine clients; more share what is enough together.
 */
export function connectionsToReach(tasks: number, clients: number, isRandom: boolean): number {
  const together = Math.max(enoughToANode, 2 * tasks)
  const inTurn = Math.min(2 * tasks, Math.ceil(together / Math.max(1, clients)))
  return isRandom ? Math.max(inTurn, Math.ceil(connectionsAtRandom(tasks) / Math.max(1, clients))) : inTurn
}

/**
 * Whether chance may give one of so many tasks that many connections. Shares of all tasks are taken for unequal in fewer
 * than one of a million cases in which they are those of chance (Chernoff’s bound of both tails of the binomial).
 */
export function mayBeShare(count: number, connections: number, tasks: number): boolean {
  if (tasks <= 1 || connections === 0) return count === connections
  const [observed, expected] = [count / connections, 1 / tasks]
  const exponent = connections * (term(observed, expected) + term(1 - observed, 1 - expected))
  return 2 * tasks * Math.exp(-exponent) >= unequalByChance
}

function term(observed: number, expected: number): number {
  return observed === 0 ? 0 : observed * Math.log(observed / expected)
}
