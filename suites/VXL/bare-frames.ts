import type { Packet } from '../../lib/packet/packet.ts'
import { innerLayers, payloadOf } from '../../lib/packet/query.ts'

/**
 * What makes an Ethernet frame the same on both sides of encapsulation. Checksums are left out: on a veth the kernel
 * may not have filled them in yet.
 */
export function frameKey(packet: Packet, layers: Packet['layers']): string | undefined {
  const ethernet = layers.find((layer) => layer.protocol === 'ethernet')
  const ip = layers.find((layer) => layer.protocol === 'ipv4')
  const udp = layers.find((layer) => layer.protocol === 'udp')
  if (ethernet === undefined || ip === undefined || udp === undefined) return undefined
  return [
    `${ethernet.source} → ${ethernet.destination}`,
    `${ip.source}:${udp.sourcePort} → ${ip.destination}:${udp.destinationPort}`,
    `id ${ip.identification}, ttl ${ip.ttl}, ${ip.totalBytes} bytes`,
    Buffer.from(payloadOf(packet, udp)).toString('latin1'),
  ].join('; ')
}

/** The frame that travels in VXLAN. */
export function encapsulatedKey(packet: Packet): string | undefined {
  const inner = innerLayers(packet)
  return inner.length === 0 ? undefined : frameKey(packet, inner)
}

/** The frame itself, where it is not encapsulated. */
export function bareKey(packet: Packet): string | undefined {
  return innerLayers(packet).length > 0 ? undefined : frameKey(packet, packet.layers)
}
