import type { KernelSeen } from '../../lib/conformance/kernel-scene.ts'
import { type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import type { Unseen } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { mayMissByChance } from '../scene/judging/chance.ts'
import { choosesAtRandom } from '../../lib/observe/random-balancer.ts'

/** Answers that came through a node. */
export interface Through {
  readonly node: string
  /** Host names of tasks. */
  readonly answers: readonly string[]
  /** Its ingress balancer chooses at random. */
  readonly isRandom: boolean
}

/** @param seen undefined in runs that did not look, whose engines take turns */
export function through(node: string, answers: readonly string[], seen: KernelSeen | undefined): Through {
  return { node, answers, isRandom: choosesAtRandom(seen?.[node]?.namespaces[ingressNamespace]) }
}

/**
 * Of each node: among two hundred nodes it would be a problem for every task through every node, more than a run can hold.
 * How many answers each task gave is among the observations and in the table of answers.
 */
const mostTold = 24

/** Tasks that gave none of the answers that came through a node; what differs between nodes is at that node. */
export function throughNode(way: Through, tasks: readonly TaskFacts[]): Problem[] {
  const { node, answers } = way
  if (isLeftToChance(way, tasks)) return []
  const missed = unheard(way, tasks)
  const told = missed.slice(0, mostTold)
  const more = missed.length - told.length
  return told.map((task): Problem => ({
    ...{ code: 'task-not-reached-through-node', kind: 'missed', node, subject: taskName(task) },
    ...(task.node === node ? {} : { path: { from: node, to: task.node } }),
    observed: `0 of ${answers.length} answers${more === 0 ? '' : `, nor of ${more} more tasks`}`,
  }))
}

/** Nodes that gave too few answers to tell a task that is not balanced to from one that chance left out. */
export function leftToChance(ways: readonly Through[], tasks: readonly TaskFacts[]): Unseen[] {
  const nodes = ways.filter((way) => unheard(way, tasks).length > 0 && isLeftToChance(way, tasks))
  if (nodes.length === 0) return []
  return [
    {
      what: 'whether tasks that chance may have left out answer',
      nodes: [...new Set(nodes.map(({ node }) => node))],
    },
  ]
}

function unheard({ answers }: Through, tasks: readonly TaskFacts[]): TaskFacts[] {
  return tasks.filter(({ hostname }) => !answers.includes(hostname))
}

function isLeftToChance({ answers, isRandom }: Through, tasks: readonly TaskFacts[]): boolean {
  return isRandom && answers.length > 0 && mayMissByChance(answers.length, tasks.length)
}
