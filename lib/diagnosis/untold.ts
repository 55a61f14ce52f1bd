import { ingressNamespace } from '../swarm/namespaces.ts'
import type { LabView } from './lab-view.ts'

/**
 * Whether the engine of a node set up nothing of the routing mesh, while others did: services come to it by gossip, and none
 * came. Nobody removed rules there: IPVS has no service either.
 */
export function isUntoldOfServices({ kernelAfter = {} }: LabView, node: string): boolean {
  const balanced = (name: string): number | undefined =>
    kernelAfter[name]?.namespaces[ingressNamespace]?.ipvs.length
  return balanced(node) === 0 && Object.keys(kernelAfter).some((other) => (balanced(other) ?? 0) > 0)
}
