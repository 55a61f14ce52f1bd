import { SwarmproofError } from '../../../lib/error.ts'
import { missingTool } from '../../../lib/missing-tool.ts'
import type { HostState, Link, NamespaceState } from '../../../lib/observe/host-state.ts'
import type { ClusterNode, Endpoint } from '../../../lib/swarm/cluster.ts'

type Tool = 'ip' | 'bridge' | 'iptables-save'

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

/**
 * A namespace by its file name; undefined if the host has none of that name.
 * @throws when what the tool tells could not be read there, because an empty table then proves nothing
 */
export function namespaceOf(state: HostState, name: string, tool: Tool): NamespaceState | undefined {
  requireReadable(state, tool, name)
  return state.namespaces[name]
}

/** The host's own namespace. @throws as `namespaceOf` */
export function rootOf(state: HostState, tool: Tool): NamespaceState {
  requireReadable(state, tool, "the host's own namespace")
  return state.root
}

function requireReadable(state: HostState, tool: Tool, where: string): void {
  const blind = state.unavailable.find(
    (entry) =>
      entry.what.endsWith(`/${where}`) ||
      (entry.tool === tool && (entry.package !== '' || entry.what.endsWith(where))),
  )
  if (blind === undefined) return
  if (blind.package !== '') throw missingTool(blind.tool, state.host)
  throw new SwarmproofError({
    code: 'STATE_UNREADABLE',
    what: `the kernel state could not be read: ${blind.what}`,
    host: state.host,
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
