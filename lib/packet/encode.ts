/*
 * Bytes of packets that are to be sent, innermost first: each function takes what it carries and returns the whole.
 * Checksums and lengths are right, so that whoever drops such a packet does so for another reason.
 */

/** Ethernet II (IEEE 802.3), without frame check sequence and without padding. */
export function encodeEthernet(
  header: { readonly source: string; readonly destination: string; readonly etherType: number },
  payload: Uint8Array,
): Uint8Array {
  return join(
    [...macBytes(header.destination), ...macBytes(header.source), ...u16(header.etherType)],
    payload,
  )
}

/** IPv4 (RFC 791) without options. */
export function encodeIpv4(
  header: {
    readonly source: string
    readonly destination: string
    readonly protocol: number
    readonly ttl?: number
    readonly identification?: number
    readonly dontFragment?: boolean
  },
  payload: Uint8Array,
): Uint8Array {
  const bytes = join(
    [
      0x45,
      0,
      ...u16(20 + payload.byteLength),
      ...u16(header.identification ?? 0),
      ...u16(header.dontFragment ? 0x4000 : 0),
      header.ttl ?? 64,
      header.protocol,
      ...u16(0),
      ...ipv4Bytes(header.source),
      ...ipv4Bytes(header.destination),
    ],
    payload,
  )
  new DataView(bytes.buffer).setUint16(10, internetChecksum(bytes.subarray(0, 20)))
  return bytes
}

/** UDP (RFC 768) between two IPv4 addresses, which its checksum covers. */
export function encodeUdp(
  header: {
    readonly source: string
    readonly destination: string
    readonly sourcePort: number
    readonly destinationPort: number
  },
  payload: Uint8Array,
): Uint8Array {
  const length = 8 + payload.byteLength
  const bytes = join(
    [...u16(header.sourcePort), ...u16(header.destinationPort), ...u16(length), 0, 0],
    payload,
  )
  const pseudo = [...ipv4Bytes(header.source), ...ipv4Bytes(header.destination), 0, 17, ...u16(length)]
  // 0 would say that there is none.
  new DataView(bytes.buffer).setUint16(6, internetChecksum(join(pseudo, bytes)) || 0xffff)
  return bytes
}

/** VXLAN (RFC 7348, section 5) around an Ethernet frame, with the I flag: the payload of an outer UDP datagram. */
export function encodeVxlan(vni: number, frame: Uint8Array): Uint8Array {
  return join([0x08, 0, 0, 0, ...u16(vni >>> 8), vni & 0xff, 0], frame)
}

/** A UDP datagram in IPv4 in an Ethernet frame. */
export function encodeDatagram(
  ends: {
    readonly sourceMac: string
    readonly destinationMac: string
    readonly source: string
    readonly destination: string
    readonly sourcePort: number
    readonly destinationPort: number
  },
  payload: Uint8Array,
): Uint8Array {
  const packet = encodeIpv4({ ...ends, protocol: 17 }, encodeUdp(ends, payload))
  const macs = { source: ends.sourceMac, destination: ends.destinationMac }
  return encodeEthernet({ ...macs, etherType: 0x0800 }, packet)
}

/** RFC 1071. */
function internetChecksum(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.byteLength; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function u16(value: number): [number, number] {
  return [(value >>> 8) & 0xff, value & 0xff]
}

function macBytes(mac: string): number[] {
  const bytes = mac.split(':').map((part) => Number.parseInt(part, 16))
  if (bytes.length !== 6 || bytes.some((byte) => !(byte >= 0 && byte <= 0xff)))
    throw new RangeError(`'${mac}' is not a MAC address`)
  return bytes
}

function ipv4Bytes(address: string): number[] {
  const bytes = address.split('.').map(Number)
  if (bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 0xff)))
    throw new RangeError(`'${address}' is not an IPv4 address`)
  return bytes
}

function join(header: readonly number[], payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(header.length + payload.byteLength)
  bytes.set(header)
  bytes.set(payload, header.length)
  return bytes
}
