import type { HostState, NamespaceState } from '../../lib/observe/host-state.ts'
import type { TaskFacts } from '../../lib/observation/facts.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { rootOf, stateOf } from './kernel.ts'
import { type KernelSeen, namespacesSeen } from './kernel-seen.ts'

/**
 * The network namespace of a task as its node's kernel tells it: the one that holds one of the task's addresses.
 * Undefined if no namespace of the node does. @throws when the node's interfaces could not be read
 */
export function taskNamespace(
  task: Task,
  states: ReadonlyMap<string, HostState>,
): NamespaceState | undefined {
  const state = stateOf(states, task.node)
  rootOf(state, 'ip')
  return namespaceAmong(state.namespaces, task)
}

/** The same of what a scene stored; `got` is undefined where no namespace of the node has an address of the task. */
export function taskNamespaceSeen(
  seen: KernelSeen,
  task: Pick<TaskFacts, 'node' | 'endpoints'>,
): Part<NamespaceState | undefined> {
  const namespaces = namespacesSeen(seen, task.node, 'ip')
  return 'got' in namespaces ? { got: namespaceAmong(namespaces.got, task) } : namespaces
}

function namespaceAmong(
  namespaces: Readonly<Record<string, NamespaceState>>,
  task: Pick<TaskFacts, 'endpoints'>,
): NamespaceState | undefined {
  const endpoints = Object.values(task.endpoints)
  const addresses = new Set(endpoints.map(({ address }) => address))
  const macs = new Set(endpoints.map(({ mac }) => mac).filter((mac) => mac !== ''))
  return Object.values(namespaces).find(({ links }) =>
    links.some((link) => macs.has(link.mac) || link.addresses.some(({ address }) => addresses.has(address))),
  )
}
