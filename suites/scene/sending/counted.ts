import type { SendingFacts, SendingLab } from '../../../lib/conformance/sending.ts'
import { nodePairs, taskPairs } from '../../../lib/observation/pair-sample.ts'
import { groupBy } from '../judging/group-by.ts'

type Lab = Pick<SendingLab, 'facts'>
type Role = keyof SendingFacts['networks']
type Tasks = SendingFacts['tasks']

export function sum<T>(entries: readonly T[], of: (entry: T) => number): number {
  return entries.reduce((total, entry) => total + of(entry), 0)
}

/** Networks of which the kernels carry what tasks send across nodes. */
export function carried({ encrypts }: Pick<SendingLab, 'encrypts'>): readonly ('clear' | 'secret')[] {
  return encrypts ? ['clear', 'secret'] : ['clear']
}

export function tasksAt({ facts: { tasks, networks } }: Lab, role: Role): Tasks {
  const name = networks[role]?.name
  return name === undefined ? [] : tasks.filter(({ endpoints }) => endpoints[name] !== undefined)
}

export function tasksOfService(
  { facts: { tasks, services } }: Lab,
  role: keyof SendingFacts['services'],
): number {
  return tasks.filter(({ service }) => service === services[role].name).length
}

/** Nodes with at least one of these tasks. */
export function homesOf(tasks: Tasks): number {
  return new Set(tasks.map(({ node }) => node)).size
}

/** Ordered pairs of nodes that are tried, by their names. */
export function triedPairs({ facts }: Lab): (readonly [string, string])[] {
  return nodePairs(facts, facts.nodes, ({ name }) => name).map(([from, to]) => [from.name, to.name])
}

/** How many ordered pairs of tasks of a network on different nodes are tried. */
export function acrossNodes(lab: Lab, role: Role): number {
  return taskPairs(lab.facts, tasksAt(lab, role), ({ node }) => node).length
}

/** How many ordered pairs of tasks of a network share a node. */
export function withinNodes(lab: Lab, role: Role): number {
  const homes = [...groupBy(tasksAt(lab, role), ({ node }) => node).values()]
  return sum(homes, ({ length }) => length * (length - 1))
}

/** How many ordered pairs of nodes with a task of a network are tried. */
export function homePairs(lab: Lab, role: Role): number {
  const homes = [...new Set(tasksAt(lab, role).map(({ node }) => node))]
  return nodePairs(lab.facts, homes, (name) => name).length
}
