import type { ClusterFacts } from '../../../lib/observation/facts.ts'
import { nodePairs, taskPairs } from '../../../lib/observation/pair-sample.ts'
import type { ClusterNode, Task } from '../../../lib/swarm/cluster.ts'
import { groupBy } from '../judging/group-by.ts'
import type { Origin } from '../../../lib/probe/probe.ts'

/** Every ordered pair of different entries. */
export function orderedPairs<T>(entries: readonly T[]): (readonly [T, T])[] {
  return entries.flatMap((from) => entries.filter((to) => to !== from).map((to) => [from, to] as const))
}

type WithSample = { readonly facts: Pick<ClusterFacts, 'pairs'> }

/** Ordered pairs of nodes that are tried. */
export function triedNodePairs(
  { facts }: WithSample,
  nodes: readonly ClusterNode[],
): (readonly [ClusterNode, ClusterNode])[] {
  return nodePairs(facts, nodes, ({ host }) => host.name)
}

/** Ordered pairs of tasks of different nodes that are tried. */
export function triedTaskPairs({ facts }: WithSample, tasks: readonly Task[]): (readonly [Task, Task])[] {
  return taskPairs(facts, tasks, ({ node }) => node.host.name)
}

/** By how many others each node is asked, at least. */
export function partnersOf({
  nodes,
  pairs,
}: Pick<ClusterFacts, 'pairs'> & { readonly nodes: readonly unknown[] }): number {
  return pairs === undefined
    ? nodes.length - 1
    : Math.min(...Object.values(pairs.partners).map(({ length }) => length))
}

/** One task of each node, in pairs that are tried. */
export function triedHomePairs({ facts }: WithSample, tasks: readonly Task[]): (readonly [Task, Task])[] {
  return nodePairs(facts, onePerNode(tasks), ({ node }) => node.host.name)
}

/** The first task of each node. */
export function onePerNode(tasks: readonly Task[]): Task[] {
  const nodes = new Set<ClusterNode>()
  return tasks.filter(({ node }) => !nodes.has(node) && nodes.add(node))
}

export const acrossHosts = ([from, to]: readonly [Task, Task]): boolean => from.node !== to.node

/** Every ordered pair of different tasks of one node. */
export function pairsOnOneHost(tasks: readonly Task[]): (readonly [Task, Task])[] {
  return [...groupBy(tasks, ({ node }) => node.host.name).values()].flatMap(orderedPairs)
}

/** `web@worker1`: how reports name a task. */
export function taskLabel(task: Task): string {
  return `${task.service}@${task.node.host.name}`
}

/** A probe's origin inside a task's network namespace. */
export function inTask(task: Task): Origin {
  return { host: task.node.host, namespace: { pid: task.pid }, label: taskLabel(task) }
}

/** A probe's origin in a node's own network namespace. */
export function onNode(node: ClusterNode): Origin {
  return { host: node.host, namespace: 'host', label: node.host.name }
}

/** The task's address on a network; empty if it has none there. */
export function addressOn(task: Task, network: { readonly name: string }): string {
  return task.endpoints[network.name]?.address ?? ''
}
