import { encodeDatagram, encodeEthernet, encodeIpv4, encodeUdp, encodeVxlan } from '../../packet/encode.ts'
import type { CapturedFrame } from './captured-frame.ts'

/** Frames for tests of what is kept, made byte by byte. */
export interface Ends {
  readonly source: string
  readonly destination: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly identification?: number
}

const macs = { source: '02:42:0a:00:00:02', destination: '02:42:0a:00:00:03' }
export const hosts: Ends = { source: '192.0.2.1', destination: '192.0.2.2' }

export function ethernet(payload: Uint8Array, etherType = 0x0800): Buffer {
  return Buffer.from(encodeEthernet({ ...macs, etherType }, payload))
}

export function ip(protocol: number, payload: Uint8Array, ends: Ends = hosts): Buffer {
  return ethernet(encodeIpv4({ ...ends, protocol }, payload))
}

export function datagram(payload: Uint8Array, ends: Ends): Buffer {
  const ports = { sourcePort: 40_000, destinationPort: 9 }
  return Buffer.from(
    encodeDatagram({ ...ports, ...ends, sourceMac: macs.source, destinationMac: macs.destination }, payload),
  )
}

/** A segment of TCP without options. */
export function segment(
  payload: Uint8Array,
  { sourcePort = 51_000, destinationPort = 80, sequence = 1, flags = 0x18 } = {},
): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt16BE(sourcePort, 0)
  header.writeUInt16BE(destinationPort, 2)
  header.writeUInt32BE(sequence >>> 0, 4)
  header.writeUInt8(0x50, 12)
  header.writeUInt8(flags, 13)
  return Buffer.concat([header, payload])
}

/** VXLAN between two hosts, in IPv4. */
export function vxlan(vni: number, inner: Uint8Array, { port = 4789, ends = hosts } = {}): Buffer {
  return datagram(encodeVxlan(vni, inner), { ...ends, destinationPort: port })
}

/** The same between two hosts of IPv6. */
export function vxlanOver6(vni: number, inner: Uint8Array): Buffer {
  const udp = encodeUdp({ ...hosts, sourcePort: 40_000, destinationPort: 4789 }, encodeVxlan(vni, inner))
  const header = Buffer.alloc(40)
  header.writeUInt8(0x60, 0)
  header.writeUInt16BE(udp.byteLength, 4)
  header.writeUInt8(17, 6)
  header.writeUInt8(64, 7)
  header.fill(0xfd, 8, 40)
  return ethernet(Buffer.concat([header, udp]), 0x86dd)
}

export function tagged(frame: Buffer, ...tags: readonly number[]): Buffer {
  const inserted = tags.flatMap((tag) => [tag >>> 8, tag & 0xff, 0, 7])
  return Buffer.concat([frame.subarray(0, 12), Buffer.from(inserted), frame.subarray(12)])
}

/** Cuts the IPv4 packet of a frame into fragments, as a host would whose link carries `mtuBytes`. */
export function fragmentsOf(frame: Buffer, mtuBytes: number): Buffer[] {
  const [link, header, payload] = [frame.subarray(0, 14), frame.subarray(14, 34), frame.subarray(34)]
  const step = Math.floor((mtuBytes - 20) / 8) * 8
  return Array.from({ length: Math.ceil(payload.length / step) }, (_, index) => {
    const part = payload.subarray(index * step, (index + 1) * step)
    const own = Buffer.from(header)
    own.writeUInt16BE(20 + part.length, 2)
    const more = (index + 1) * step < payload.length ? 0x2000 : 0
    own.writeUInt16BE(more | ((index * step) / 8), 6)
    return Buffer.concat([link, own, part])
  })
}

/** An ICMP error about the IPv4 packet of a frame, quoting it whole. */
export function icmpError(about: Buffer, ends: Ends): Buffer {
  return ip(1, Buffer.concat([Buffer.from([3, 3, 0, 0, 0, 0, 0, 0]), about.subarray(14)]), ends)
}

export function captured(bytes: Uint8Array, number = 1, seconds = 1_700_000_000): CapturedFrame {
  const nanoseconds = Math.round((seconds % 1) * 1e9)
  return {
    ...{ bytes, originalBytes: bytes.byteLength, nanoseconds, digits: 9, linkType: 1, number },
    seconds: Math.floor(seconds),
  }
}
