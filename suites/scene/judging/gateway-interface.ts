import type { Link, NamespaceState } from '../../../lib/observe/host-state.ts'
import type { TaskFacts } from '../../../lib/observation/facts.ts'
import type { Part } from '../../../lib/observation/part.ts'
import { contains, networkOf } from '../../../lib/topology/cidr.ts'
import { type KernelSeen, rootSeen } from './kernel-seen.ts'
import { taskNamespaceSeen } from './task-namespace.ts'
import { gatewayBridgeName } from '../../../lib/topology/swarm-defaults.ts'

/** A task's interface on docker_gwbridge and its address there. */
export interface OnGateway {
  readonly link: Link
  readonly address: string
}

/**
 * A task's interface on docker_gwbridge, told by its address: the engine's API does not list it among the
 * container's networks. `got` is undefined if the task has none.
 */
export function gatewayInterfaceSeen(
  seen: KernelSeen,
  task: Pick<TaskFacts, 'node' | 'endpoints'>,
  subnets: readonly string[],
): Part<OnGateway | undefined> {
  const namespace = taskNamespaceSeen(seen, task)
  return 'got' in namespace ? { got: onGateway(namespace.got?.links ?? [], subnets) } : namespace
}

/** The interface among a namespace's that has an address in one of these subnets. */
export function onGateway(links: NamespaceState['links'], subnets: readonly string[]): OnGateway | undefined {
  for (const link of links) {
    const found = link.addresses.find(
      ({ address, family }) => family === 'inet' && subnets.some((subnet) => contains(subnet, address)),
    )
    if (found !== undefined) return { link, address: found.address }
  }
  return undefined
}

/** docker_gwbridge of a node; `got` is undefined where the node has none. */
export function gatewayBridgeSeen(seen: KernelSeen, node: string): Part<Link | undefined> {
  const root = rootSeen(seen, node, 'devices')
  return 'got' in root ? { got: root.got.links.find(({ name }) => name === gatewayBridgeName) } : root
}

/** IPv4 subnets an interface has an address in. */
export function subnetsOf({ addresses }: Pick<Link, 'addresses'>): string[] {
  return addresses
    .filter(({ family }) => family === 'inet')
    .map(({ address, prefixLength }) => networkOf(`${address}/${prefixLength}`))
}
