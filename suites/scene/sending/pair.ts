import type { ClusterNode, Task } from '../../../lib/swarm/cluster.ts'
import type { Origin } from '../../../lib/probe/probe.ts'

/** Every ordered pair of different entries. */
export function orderedPairs<T>(entries: readonly T[]): (readonly [T, T])[] {
  return entries.flatMap((from) => entries.filter((to) => to !== from).map((to) => [from, to] as const))
}

export const acrossHosts = ([from, to]: readonly [Task, Task]): boolean => from.node !== to.node
export const onOneHost = ([from, to]: readonly [Task, Task]): boolean => from.node === to.node

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
