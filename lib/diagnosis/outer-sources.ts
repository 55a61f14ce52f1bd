import type { Frame, WireSeen } from '../observation/frame.ts'
import type { Part } from '../observation/part.ts'
import { gossipPort } from '../topology/swarm-defaults.ts'
import type { LabView } from './lab-view.ts'

/** A node whose packets to other nodes bore another source address than theirs to it expect. */
export interface WrongSource {
  readonly node: string
  readonly traffic: 'VXLAN' | 'ESP' | 'gossip'
  readonly source: string
  /** The address it should have come from. */
  readonly expected: string
  readonly packets: number
  /** Names of the nodes it sent them to. */
  readonly to: readonly string[]
  /** The capture and the first packet in it. */
  readonly file: string
  readonly index: number
}

/** Scenes that keep frames as they were on the wire. */
const recordings = ['underlay-traffic', 'exchange', 'control'] as const

/**
 * By node, traffic and source, of every recording of the generation: packets to another node that left with a wrong one.
 * What bears the address of a third node is that one’s, passed on by this node: a router, or the hub of a VPN.
 */
export function wrongSources(lab: LabView): WrongSource[] {
  const { facts } = lab
  if (facts === undefined) return []
  const nodes = new Map(facts.nodes.map((node) => [node.name, node]))
  const peers = (name: string): ReadonlySet<string> =>
    new Set(
      facts.nodes
        .filter((other) => other.name !== name)
        .flatMap(({ advertise, dataPath }) => [advertise.address, dataPath.address]),
    )
  const found = new Map<string, WrongSource>()
  for (const wire of recordings.flatMap((key) => wiresOf(lab.scene(key)))) {
    const node = nodes.get(wire.node)
    if (node === undefined) continue
    const others = peers(node.name)
    for (const frame of wire.frames) {
      const { egress, outer, index } = frame
      if (!egress || outer === undefined || !others.has(outer.destination)) continue
      const traffic = trafficOf(frame, facts.dataPathPort)
      if (traffic === undefined) continue
      const expected = traffic === 'gossip' ? node.advertise.address : node.dataPath.address
      if (outer.source === expected || others.has(outer.source)) continue
      const key = `${node.name} ${traffic} ${outer.source}`
      const known = found.get(key)
      const to = facts.nodes.filter(
        ({ advertise, dataPath }) =>
          outer.destination === advertise.address || outer.destination === dataPath.address,
      )
      found.set(key, {
        ...{ node: node.name, traffic, source: outer.source, expected, file: wire.file, index },
        ...known,
        to: [...new Set([...(known?.to ?? []), ...to.map(({ name }) => name)])],
        packets: (known?.packets ?? 0) + 1,
      })
    }
  }
  return [...found.values()]
}

function trafficOf({ vxlan, esp, udp }: Frame, dataPathPort: number): WrongSource['traffic'] | undefined {
  if (esp !== undefined) return 'ESP'
  if (vxlan !== undefined) return udp?.to === dataPathPort ? 'VXLAN' : undefined
  return udp?.to === gossipPort ? 'gossip' : undefined
}

function wiresOf(scene: unknown): WireSeen[] {
  const { wires } = (scene ?? {}) as { readonly wires?: Readonly<Record<string, Part<WireSeen>>> }
  return Object.values(wires ?? {}).flatMap((wire) =>
    'got' in wire && Array.isArray(wire.got.frames) ? [wire.got] : [],
  )
}
