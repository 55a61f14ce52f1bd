import type { HostState, NamespaceState } from '../../lib/observe/host-state.ts'
import type { Task } from '../../lib/swarm/cluster.ts'

/**
 * The network namespace of a task as its node's kernel tells it: the one that holds one of the task's addresses.
 * Undefined if no namespace of the node does.
 */
export function taskNamespace(
  task: Task,
  states: ReadonlyMap<string, HostState>,
): NamespaceState | undefined {
  const addresses = new Set(Object.values(task.endpoints).map((endpoint) => endpoint.address))
  const macs = new Set(Object.values(task.endpoints).map((endpoint) => endpoint.mac))
  const namespaces = Object.values(states.get(task.node.host.name)?.namespaces ?? {})
  return namespaces.find((namespace) =>
    namespace.links.some(
      (link) => macs.has(link.mac) || link.addresses.some(({ address }) => addresses.has(address)),
    ),
  )
}
