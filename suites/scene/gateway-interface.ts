import type { HostState, Link } from '../../lib/observe/host-state.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { contains } from '../../lib/topology/cidr.ts'
import { taskNamespace } from './task-namespace.ts'

/**
 * A task's interface on docker_gwbridge, told by its address: the engine's API does not list it among the
 * container's networks. Undefined if the task has none.
 */
export function gatewayInterface(
  task: Task,
  states: ReadonlyMap<string, HostState>,
  subnets: readonly string[],
): { readonly link: Link; readonly address: string } | undefined {
  for (const link of taskNamespace(task, states)?.links ?? []) {
    const found = link.addresses.find(
      ({ address, family }) => family === 'inet' && subnets.some((subnet) => contains(subnet, address)),
    )
    if (found !== undefined) return { link, address: found.address }
  }
  return undefined
}
