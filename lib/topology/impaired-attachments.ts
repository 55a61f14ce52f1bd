import { describeImpairment, type Impairment } from './impairment.ts'
import type { NodeSpec, Topology, UnderlaySpec } from './topology.ts'

export interface ImpairedAttachment {
  readonly underlay: string
  /** IPv4 without prefix length: what tells the interface on the host. */
  readonly address: string
  readonly impairment: Impairment
}

/** How what a node sends is impaired, by underlay: its own word where it has one, else the underlay's. */
export function impairedAttachments(
  node: NodeSpec,
  { underlays }: Pick<Topology, 'underlays'>,
): readonly ImpairedAttachment[] {
  return underlays.flatMap(({ name, impairment: ofAll }) => {
    const [address, impairment] = [node.addresses[name], node.impairments?.[name] ?? ofAll]
    return address === undefined || impairment === undefined || Object.keys(impairment).length === 0
      ? []
      : [{ underlay: name, address, impairment }]
  })
}

/** What of a lab is impaired on purpose, one phrase an underlay and a node; empty where nothing is. */
export function impairmentsOf(topology: Pick<Topology, 'nodes' | 'underlays'>): readonly string[] {
  return topology.underlays.flatMap((underlay) => {
    const others = topology.nodes.flatMap((node) => exception(node, underlay))
    const all = underlay.impairment === undefined ? [] : [describeImpairment(underlay.impairment)]
    return [...all, ...others].map((what) => `underlay '${underlay.name}': ${what}`)
  })
}

function exception(node: NodeSpec, { name }: UnderlaySpec): string[] {
  const own = node.impairments?.[name]
  return own === undefined ? [] : [`${describeImpairment(own)}, from ${node.name}`]
}
