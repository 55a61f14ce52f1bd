import type { Ipv4Layer, Ipv6Layer, Layer, Packet } from './packet.ts'
import { innerLayers, isFragment, outerLayers, payloadOf } from './query.ts'

/**
 * `wrong`: no receiver takes it. `unfinished`: the field holds the sum of the pseudo-header alone, as the kernel leaves
 * it for a network card to complete (CHECKSUM_PARTIAL); a receiver on the same machine may still be told to take it.
 */
export type ChecksumState = 'right' | 'wrong' | 'unfinished'

export interface PacketChecksums {
  readonly outer?: ChecksumState
  /** Of what VXLAN carries. */
  readonly inner?: ChecksumState
}

/**
 * Checksums of IPv4, UDP, TCP, ICMP and ICMPv6 (RFC 1071, RFC 8200 section 8.1), outside VXLAN and inside it. Absent
 * where nothing can be said: a capture that kept less than the packet, a fragment, a length that the card still fills in.
 */
export function checksumsOf(packet: Packet): PacketChecksums {
  const inner = stateOf(packet, innerLayers(packet))
  const outer = stateOf(packet, outerLayers(packet), inner)
  return { ...(outer === undefined ? {} : { outer }), ...(inner === undefined ? {} : { inner }) }
}

/**
 * @param carried of what VXLAN carries: where the card is to complete that, the kernel has computed the outer checksum as
 * if it had (local checksum offload)
 */
function stateOf(
  packet: Packet,
  layers: readonly Layer[],
  carried?: ChecksumState,
): ChecksumState | undefined {
  const ip = layers.find(
    (layer): layer is Ipv4Layer | Ipv6Layer => layer.protocol === 'ipv4' || layer.protocol === 'ipv6',
  )
  if (ip === undefined || isFragment(ip)) return undefined
  const bytes = payloadOf(packet, ip)
  const says = packet.bytes[ip.offset + 2] || packet.bytes[ip.offset + 3]
  if (ip.protocol === 'ipv4' && !says) return undefined
  if (bytes.byteLength !== ip.totalBytes - ip.headerBytes) return undefined
  const header = packet.bytes.subarray(ip.offset, ip.offset + ip.headerBytes)
  if (ip.protocol === 'ipv4' && folded(sumOf(header)) !== allOnes) return 'wrong'
  const state = transportState(ip, header, bytes)
  return state === 'wrong' && carried === 'unfinished' ? carried : state
}

const allOnes = 0xffff
/** Offset of the checksum in the header, by the number of the protocol. */
const places: Readonly<Record<number, number>> = { 1: 2, 6: 16, 17: 6, 58: 2 }
const [icmp, udp] = [1, 17]

function transportState(
  ip: Ipv4Layer | Ipv6Layer,
  header: Uint8Array,
  bytes: Uint8Array,
): ChecksumState | undefined {
  const place = places[ip.payloadProtocol]
  const verified = ip.protocol === 'ipv4' ? 'right' : undefined
  if (place === undefined || bytes.byteLength < place + 2) return verified
  const field = ((bytes[place] ?? 0) << 8) | (bytes[place + 1] ?? 0)
  // Over IPv4 a datagram may have none, as the outer one of VXLAN mostly has.
  if (ip.payloadProtocol === udp && field === 0 && ip.protocol === 'ipv4') return verified
  const [from, to] = ip.protocol === 'ipv4' ? [12, 20] : [8, 40]
  const pseudo =
    ip.payloadProtocol === icmp ? 0 : sumOf(header.subarray(from, to)) + ip.payloadProtocol + bytes.byteLength
  if (folded(pseudo + sumOf(bytes)) === allOnes) return 'right'
  return pseudo > 0 && field === folded(pseudo) ? 'unfinished' : 'wrong'
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.byteLength; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  return sum
}

function folded(sum: number): number {
  let left = sum
  while (left > 0xffff) left = (left & 0xffff) + Math.floor(left / 0x10000)
  return left
}
