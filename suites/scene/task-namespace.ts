import type { HostState, NamespaceState } from '../../lib/observe/host-state.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { rootOf, stateOf } from './kernel.ts'

/**
 * The network namespace of a task as its node's kernel tells it: the one that holds one of the task's addresses.
 * Undefined if no namespace of the node does. @throws when the node's interfaces could not be read
 */
export function taskNamespace(
  task: Task,
  states: ReadonlyMap<string, HostState>,
): NamespaceState | undefined {
  const addresses = new Set(Object.values(task.endpoints).map((endpoint) => endpoint.address))
  const macs = new Set(Object.values(task.endpoints).map((endpoint) => endpoint.mac))
  const state = stateOf(states, task.node)
  rootOf(state, 'ip')
  const namespaces = Object.values(state.namespaces)
  return namespaces.find((namespace) =>
    namespace.links.some(
      (link) => macs.has(link.mac) || link.addresses.some(({ address }) => addresses.has(address)),
    ),
  )
}
