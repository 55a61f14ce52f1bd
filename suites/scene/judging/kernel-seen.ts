import { kernel, type KernelSeen } from '../../../lib/conformance/kernel-scene.ts'
import { missingOf } from '../../../lib/conformance/missing.ts'
import { missingTool } from '../../../lib/missing-tool.ts'
import type { Part } from '../../../lib/observation/part.ts'
import type { HostState, NamespaceState } from '../../../lib/observe/host-state.ts'
import { isSameNamespace, namespaceNamed } from '../../../lib/swarm/namespaces.ts'

export { kernel, type KernelSeen }

/** The program a table was read with. */
export type TableTool = 'ip' | 'bridge' | 'iptables-save' | 'nsenter'

/**
 * A namespace of a node by its file name, for whoever wants what `tool` tells of it; `got` is undefined where the node
 * has none of that name.
 */
export function namespaceSeen(
  seen: KernelSeen,
  node: string,
  name: string,
  tool: TableTool,
): Part<NamespaceState | undefined> {
  return readable(seen, node, tool, name, (state) => namespaceNamed(state.namespaces, name))
}

/** All namespaces of a node below /run/docker/netns, by file name. */
export function namespacesSeen(
  seen: KernelSeen,
  node: string,
  tool: TableTool,
): Part<Readonly<Record<string, NamespaceState>>> {
  const root = rootSeen(seen, node, tool)
  if (!('got' in root)) return root
  const lacking = seen[node]?.unavailable.find((entry) => entry.package !== '' && entry.tool === 'nsenter')
  if (lacking !== undefined) return { missing: missingOf(missingTool(lacking.tool, node)) }
  return { got: seen[node]?.namespaces ?? {} }
}

/** The node's own namespace. */
export function rootSeen(seen: KernelSeen, node: string, tool: TableTool): Part<NamespaceState> {
  return readable(seen, node, tool, "the host's own namespace", (state) => state.root)
}

/** Security associations and policies of a node. */
export function ipsecSeen(
  seen: KernelSeen,
  node: string,
): Part<Pick<HostState, 'securityAssociations' | 'securityPolicies'>> {
  return readable(seen, node, 'ip', "the host's own namespace", (state) => state)
}

function readable<T>(
  seen: KernelSeen,
  node: string,
  tool: TableTool,
  where: string,
  read: (state: HostState) => T,
): Part<T> {
  const state = seen[node]
  if (state === undefined) return { threw: 'the kernel state was not read' }
  // Without `ip` and `nsenter` no namespace is read at all.
  const tools: readonly string[] = [tool, 'ip', ...(where === "the host's own namespace" ? [] : ['nsenter'])]
  const lacking = state.unavailable.find((entry) => entry.package !== '' && tools.includes(entry.tool))
  if (lacking !== undefined) return { missing: missingOf(missingTool(lacking.tool, node)) }
  const failed = state.unavailable.find(
    (entry) => isOf(entry.what, where) || (entry.tool === tool && entry.what.endsWith(where)),
  )
  return failed === undefined
    ? { got: read(state) }
    : { threw: `the kernel state could not be read: ${failed.what}` }
}

/** Whether what could not be read, such as `namespace /run/docker/netns/1-abc`, is that namespace. */
function isOf(what: string, namespace: string): boolean {
  return what.includes('/') && isSameNamespace(what.slice(what.lastIndexOf('/') + 1), namespace)
}
