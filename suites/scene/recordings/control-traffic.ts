import type { Packet } from '../../../lib/packet/packet.ts'
import { layerOf, payloadOf } from '../../../lib/packet/query.ts'
import type { ClusterNode } from '../../../lib/swarm/cluster.ts'

export const managementPort = 2377
export const gossipPort = 7946

/** Sent in clear to the management port, so that a matcher for TLS has something to find. */
export function readablePayload(nonce: string): Uint8Array {
  return Buffer.from(`swarmproof ${nonce}\r\n\r\n`)
}

/** A gossip datagram of the engine from one node to another: both ports are the gossip port. */
export function isGossip(packet: Packet, from: ClusterNode, to: ClusterNode): boolean {
  const udp = layerOf(packet, 'udp')
  return udp?.sourcePort === gossipPort && udp.destinationPort === gossipPort && isBetween(packet, from, to)
}

/**
 * A segment with payload from one node to the management port of another, sent by its engine. What we send has the nonce;
 * whatever else a capture keeps of it.
 */
export function isManagement(
  packet: Packet,
  [from, to]: readonly [ClusterNode, ClusterNode],
  nonce: string,
): boolean {
  const tcp = layerOf(packet, 'tcp')
  if (tcp?.destinationPort !== managementPort || tcp.payloadBytes === 0) return false
  const isOurs = nonce !== '' && Buffer.from(transportPayload(packet)).includes(nonce)
  return !isOurs && isBetween(packet, from, to)
}

/** The captured bytes behind the UDP or TCP header. */
export function transportPayload(packet: Packet): Uint8Array {
  const layer = layerOf(packet, 'udp') ?? layerOf(packet, 'tcp')
  return layer === undefined ? new Uint8Array() : payloadOf(packet, layer)
}

function isBetween(packet: Packet, from: ClusterNode, to: ClusterNode): boolean {
  return packet.layers.some(
    (layer) =>
      layer.protocol === 'ipv4' &&
      layer.source === from.advertise.address &&
      layer.destination === to.advertise.address,
  )
}
