import type { EngineName } from './engine.ts'
import type { Topology } from './topology.ts'

/** The same lab with this engine on every host, whatever its file says. */
export function withEngine(topology: Topology, engine: EngineName): Topology {
  const nodes = topology.nodes.map((node) => Object.freeze({ ...node, engine }))
  return Object.freeze({ ...topology, nodes: Object.freeze(nodes) })
}
