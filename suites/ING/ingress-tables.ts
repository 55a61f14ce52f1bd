import type { Part } from '../../lib/observation/part.ts'
import type { NamespaceState } from '../../lib/observe/host-state.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { type KernelSeen, namespaceSeen, rootSeen, type TableTool } from '../scene/judging/kernel-seen.ts'

/** Of a node: its own namespace, and that of its ingress sandbox, undefined where it has none. */
export interface IngressTables {
  readonly root: NamespaceState
  readonly sandbox: NamespaceState | undefined
}

/** What leads a published port through a node, for whoever wants what `tool` tells of it. */
export function ingressTables(seen: KernelSeen, node: string, tool: TableTool): Part<IngressTables> {
  const root = rootSeen(seen, node, tool)
  if (!('got' in root)) return root
  const sandbox = namespaceSeen(seen, node, ingressNamespace, tool)
  return 'got' in sandbox ? { got: { root: root.got, sandbox: sandbox.got } } : sandbox
}
