import * as all from './layers.ts'
import type { Layer, Protocol } from './packet.ts'
import type { PacketLayer } from './packet-layer.ts'
import type { Following, LayerDecoder } from './walk.ts'

const layers: readonly PacketLayer[] = Object.values(all)

/** How each protocol is decoded. */
export const decoders: Readonly<Partial<Record<Protocol, LayerDecoder>>> = Object.fromEntries(
  layers.map(({ name, decode }) => [name, decode]),
)

/** Which protocol follows a number of the header before it. */
export const following: Following = {
  etherType: new Map(layers.flatMap(({ name, etherTypes = [] }) => etherTypes.map((type) => [type, name]))),
  ipProtocol: new Map(
    layers.flatMap(({ name, ipProtocols = [] }) => ipProtocols.map((type) => [type, name])),
  ),
}

const byName = new Map(layers.map((layer) => [layer.name, layer]))

/** The addresses that a layer names; none for most. */
export function addressesOf(layer: Layer): readonly string[] {
  return byName.get(layer.protocol)?.addresses?.(layer) ?? []
}

/** What a layer says of itself, if it does. */
export function summaryOf(layer: Layer): string | undefined {
  return byName.get(layer.protocol)?.summarize?.(layer)
}
