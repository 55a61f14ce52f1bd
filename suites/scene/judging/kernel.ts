import { SwarmproofError } from '../../../lib/error.ts'
import type { HostState, Link } from '../../../lib/observe/host-state.ts'
import type { ClusterNode, Endpoint } from '../../../lib/swarm/cluster.ts'

/** The kernel state of a node. @throws when it was not read */
export function stateOf(states: ReadonlyMap<string, HostState>, node: ClusterNode): HostState {
  const state = states.get(node.host.name)
  if (state !== undefined) return state
  throw new SwarmproofError({
    code: 'STATE_MISSING',
    what: 'the kernel state was not read',
    host: node.host.name,
  })
}

/** The interface that has an endpoint's MAC and address, in whichever namespace it is. */
export function interfaceOf(
  state: HostState,
  endpoint: Pick<Endpoint, 'address' | 'mac'>,
): (Link & { readonly namespace: string }) | undefined {
  for (const [namespace, { links }] of Object.entries(state.namespaces)) {
    const link = links.find(
      (candidate) =>
        candidate.mac === endpoint.mac &&
        candidate.addresses.some((entry) => entry.address === endpoint.address),
    )
    if (link !== undefined) return { ...link, namespace }
  }
  return undefined
}
