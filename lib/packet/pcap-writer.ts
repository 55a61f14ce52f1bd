import { LARGEST_PACKET_BYTES } from './record.ts'
import type { Packet } from './packet.ts'

/** What a record needs; a `Packet` has it. */
export type WritablePacket = Pick<Packet, 'timestamp' | 'bytes' | 'originalBytes'>

/**
 * Makes the bytes of a pcap file, nanoseconds, little-endian: `header()` once, then `record()` per packet.
 * A pcap file has one link type: give each its own file.
 */
export class PcapWriter {
  readonly linkType: number

  constructor(linkType = 1) {
    this.linkType = linkType
  }

  header(): Uint8Array {
    const view = new DataView(new ArrayBuffer(24))
    view.setUint32(0, 0xa1b23c4d, true)
    view.setUint16(4, 2, true)
    view.setUint16(6, 4, true)
    view.setUint32(16, LARGEST_PACKET_BYTES, true)
    view.setUint32(20, this.linkType, true)
    return new Uint8Array(view.buffer)
  }

  record(packet: WritablePacket): Uint8Array {
    const record = new Uint8Array(16 + packet.bytes.byteLength)
    const view = new DataView(record.buffer)
    view.setUint32(0, packet.timestamp.seconds, true)
    view.setUint32(4, packet.timestamp.nanoseconds, true)
    view.setUint32(8, packet.bytes.byteLength, true)
    view.setUint32(12, Math.max(packet.originalBytes, packet.bytes.byteLength), true)
    record.set(packet.bytes, 16)
    return record
  }

  /** A whole file. */
  file(packets: Iterable<WritablePacket>): Uint8Array {
    const parts = [this.header(), ...Array.from(packets, (packet) => this.record(packet))]
    const file = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
    let at = 0
    for (const part of parts) {
      file.set(part, at)
      at += part.byteLength
    }
    return file
  }
}
