import type { Packet } from '../../lib/packet/packet.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'

export const managementPort = 2377
export const gossipPort = 7946

const readablePrefix = 'swarmproof '

/** Sent in clear to the management port, so that a matcher for TLS has something to find. */
export function readablePayload(nonce: string): Uint8Array {
  return Buffer.from(`${readablePrefix}${nonce}\r\n\r\n`)
}

/** A gossip datagram of the engine from one node to another: both ports are the gossip port. */
export function isGossip(packet: Packet, from: ClusterNode, to: ClusterNode): boolean {
  const udp = packet.layers.find((layer) => layer.protocol === 'udp')
  return (
    udp?.sourcePort === gossipPort && udp.destinationPort === gossipPort && isBetween(packet, from, to)
  )
}

/** A segment with payload from one node to the management port of another, sent by its engine. */
export function isManagement(packet: Packet, from: ClusterNode, to: ClusterNode): boolean {
  const tcp = packet.layers.find((layer) => layer.protocol === 'tcp')
  if (tcp?.destinationPort !== managementPort || tcp.payloadBytes === 0) return false
  const start = Buffer.from(payloadOf(packet).subarray(0, readablePrefix.length)).toString('latin1')
  return start !== readablePrefix && isBetween(packet, from, to)
}

/** The captured bytes above the UDP or TCP header. */
export function payloadOf(packet: Packet): Uint8Array {
  const layer = packet.layers.find((candidate) => candidate.protocol === 'udp' || candidate.protocol === 'tcp')
  if (layer?.protocol !== 'udp' && layer?.protocol !== 'tcp') return new Uint8Array()
  const start = layer.offset + layer.headerBytes
  return packet.bytes.subarray(start, start + layer.payloadBytes)
}

function isBetween(packet: Packet, from: ClusterNode, to: ClusterNode): boolean {
  return packet.layers.some(
    (layer) =>
      layer.protocol === 'ipv4' &&
      layer.source === from.advertise.address &&
      layer.destination === to.advertise.address,
  )
}
