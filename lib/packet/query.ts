import type { Ipv4Layer, Ipv6Layer, Layer, Packet, Protocol } from './packet.ts'

/** The layer type of a protocol name; `icmp` and `icmpv6` share one. */
export type LayerOf<P extends Protocol> = Layer extends infer L
  ? L extends { protocol: infer Q }
    ? P extends Q
      ? L
      : never
    : never
  : never

type HasLayers = Pick<Packet, 'layers'>

/** Every layer of that protocol, outermost first. */
export function layersOf<P extends Protocol>(packet: HasLayers, protocol: P): LayerOf<P>[] {
  return packet.layers.filter((layer) => layer.protocol === protocol) as LayerOf<P>[]
}

/** The outermost layer of that protocol. */
export function layerOf<P extends Protocol>(packet: HasLayers, protocol: P): LayerOf<P> | undefined {
  return packet.layers.find((layer) => layer.protocol === protocol) as LayerOf<P> | undefined
}

/** The packet's layers outside its first VXLAN header (that included), or all if it has none. */
export function outerLayers(packet: HasLayers): readonly Layer[] {
  const at = packet.layers.findIndex((layer) => layer.protocol === 'vxlan')
  return at < 0 ? packet.layers : packet.layers.slice(0, at + 1)
}

/** The layers behind the first VXLAN header; none if it has none. */
export function innerLayers(packet: HasLayers): readonly Layer[] {
  const at = packet.layers.findIndex((layer) => layer.protocol === 'vxlan')
  return at < 0 ? [] : packet.layers.slice(at + 1)
}

const isIp = (layer: Layer): layer is Ipv4Layer | Ipv6Layer =>
  layer.protocol === 'ipv4' || layer.protocol === 'ipv6'

export function outerIp(packet: HasLayers): Ipv4Layer | Ipv6Layer | undefined {
  return outerLayers(packet).find(isIp)
}

/** Whether it is a part of a datagram only. An IPv6 "atomic fragment" (RFC 6946) is whole. */
export function isFragment(ip: Ipv4Layer | Ipv6Layer): boolean {
  if (ip.protocol === 'ipv4') return ip.moreFragments || ip.fragmentOffset > 0
  return ip.fragment !== undefined && (ip.fragment.moreFragments || ip.fragment.offset > 0)
}

/** The captured bytes behind a layer's header, without the padding of short Ethernet frames where it is known. */
export function payloadOf(packet: Packet, layer: Layer): Uint8Array {
  const from = layer.offset + layer.headerBytes
  return packet.bytes.subarray(from, Math.max(from, Math.min(packet.bytes.byteLength, endOf(packet, layer))))
}

function endOf(packet: Packet, layer: Layer): number {
  let end = packet.bytes.byteLength
  for (const outer of packet.layers) {
    if (isIp(outer)) end = Math.min(end, outer.offset + outer.totalBytes)
    if (outer.protocol === 'udp') end = Math.min(end, outer.offset + outer.headerBytes + outer.payloadBytes)
    if (outer === layer) break
  }
  return end
}

/** Whether the captured bytes hold the needle anywhere, headers included. An empty needle is in nothing. */
export function containsBytes(packet: Pick<Packet, 'bytes'>, needle: Uint8Array): boolean {
  if (needle.byteLength === 0) return false
  return asBuffer(packet.bytes).includes(asBuffer(needle))
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
