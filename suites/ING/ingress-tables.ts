import type { Part } from '../../lib/observation/part.ts'
import type { IngressTables } from '../../lib/observe/way-of-port.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { type KernelSeen, namespaceSeen, rootSeen, type SeenPart } from '../scene/judging/kernel-seen.ts'

export type { IngressTables }

/** What leads a published port through a node, for whoever wants that part of it. */
export function ingressTables(seen: KernelSeen, node: string, wanted: SeenPart): Part<IngressTables> {
  const root = rootSeen(seen, node, wanted)
  if (!('got' in root)) return root
  const sandbox = namespaceSeen(seen, node, ingressNamespace, wanted)
  if (!('got' in sandbox)) return sandbox
  const nftables = seen[node]?.nftables
  const host = nftables === undefined ? root.got : { ...root.got, nftables }
  return { got: { root: host, sandbox: sandbox.got } }
}
