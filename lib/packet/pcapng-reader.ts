import { readInterface } from './pcapng-interface.ts'
import type { CaptureInterface } from './pcapng-interface.ts'
import { Damage, LARGEST_PACKET_BYTES } from './record.ts'
import type { FormatReader, RecordSink } from './record.ts'

/*
 * pcapng capture file (draft-ietf-opsawg-pcapng, section 3.1): blocks, in the byte order of their section.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                          Block Type                           |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                      Block Total Length                       |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  /                          Block Body                           /
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                      Block Total Length                       |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const SMALLEST_BLOCK_BYTES = 12
/** Type, length, byte-order magic: what a section header must show before its length can be read. */
const HEADER_BYTES = 12
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const BlockType = {
  section: 0x0a0d0d0a,
  interface: 1,
  /** Obsolete, still met. */
  packet: 2,
  simple: 3,
  enhanced: 6,
} as const
/** A packet and its options. */
const LARGEST_READ_BYTES = LARGEST_PACKET_BYTES + 65_536
const LARGEST_OTHER_BYTES = 64 * 1024 * 1024
/** Interfaces believed of one section: the obsolete packet block cannot name more. */
export const MOST_INTERFACES = 65_536

export class PcapngReader implements FormatReader {
  readonly format = 'pcapng'
  readonly damage = new Damage()
  packets = 0
  neededBytes = HEADER_BYTES
  private readonly sink: RecordSink
  private little = true
  private interfaces: CaptureInterface[] = []
  /** The section has described more interfaces than are kept. */
  private tooMany = false
  /** Bytes of the file before the `from` of the current read. */
  private position = 0
  private lost = false

  constructor(sink: RecordSink) {
    this.sink = sink
  }

  get byteOrder(): 'little-endian' | 'big-endian' {
    return this.little ? 'little-endian' : 'big-endian'
  }

  read(bytes: Uint8Array, view: DataView, from: number, to: number, last: boolean): number {
    let at = from
    for (;;) {
      const length = this.blockLength(view, at, to)
      if (length === undefined && last && at < to) {
        if (!this.lost) this.tellEnd(this.position + at - from, to - at)
        this.lost = true
        at++
        continue
      }
      if (length === undefined) break
      if (length === 0) {
        if (!this.lost) this.damage.found(`block at byte ${this.position + at - from} is damaged`)
        this.lost = true
        this.damage.skipped(1)
        at++
        continue
      }
      this.lost = false
      if (isReadType(view.getUint32(at, this.little))) this.readBlock(bytes, view, at, length, from)
      at += length
      if (at > to) break
    }
    this.position += at - from
    return at
  }

  /** Length of the block at `at`; 0 if there cannot be one; undefined if more bytes are needed to tell. */
  private blockLength(view: DataView, at: number, to: number): number | undefined {
    this.neededBytes = HEADER_BYTES
    if (to - at < HEADER_BYTES) return undefined
    let little = this.little
    if (view.getUint32(at) === BlockType.section) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC
      if (!little && view.getUint32(at + 8) !== BYTE_ORDER_MAGIC) return 0
    }
    const type = view.getUint32(at, little)
    const length = view.getUint32(at + 4, little)
    const isRead = isReadType(type)
    if (length < SMALLEST_BLOCK_BYTES || length % 4 !== 0) return 0
    if (length > (isRead ? LARGEST_READ_BYTES : LARGEST_OTHER_BYTES)) return 0
    // While a sound block is looked for, one that would only be passed over is not worth waiting for.
    if (this.lost && !isRead) return 0
    if (!isRead && length > LARGEST_READ_BYTES) return length
    if (to - at < length) {
      this.neededBytes = length
      return undefined
    }
    if (view.getUint32(at + length - 4, little) !== length) return 0
    this.little = little
    return length
  }

  private readBlock(bytes: Uint8Array, view: DataView, at: number, length: number, from: number): void {
    const end = at + length - 4
    switch (view.getUint32(at, this.little)) {
      case BlockType.enhanced:
        if (length >= 32) return this.readPacket(bytes, view, at, view.getUint32(at + 8, this.little), end)
        break
      case BlockType.packet:
        if (length >= 32) return this.readPacket(bytes, view, at, view.getUint16(at + 8, this.little), end)
        break
      case BlockType.simple:
        if (length >= 16 && this.readSimple(bytes, view, at, end)) return
        break
      case BlockType.section:
        this.interfaces = []
        this.tooMany = false
        return
      case BlockType.interface:
        if (length < 20) break
        this.addInterface(view, at, end)
        return
    }
    this.damage.found(`block at byte ${this.position + at - from} is too short for its kind`)
  }

  private addInterface(view: DataView, at: number, end: number): void {
    if (this.interfaces.length < MOST_INTERFACES) {
      this.interfaces.push(readInterface(view, at + 8, end, this.little))
      return
    }
    if (!this.tooMany) {
      this.damage.found(
        `a section describes more than ${MOST_INTERFACES} interfaces; those beyond are not read`,
      )
    }
    this.tooMany = true
  }

  /** Enhanced and obsolete packet blocks: both hold the time at 12, the lengths at 20 and the bytes at 28. */
  private readPacket(bytes: Uint8Array, view: DataView, at: number, index: number, end: number): void {
    const captured = view.getUint32(at + 20, this.little)
    const original = view.getUint32(at + 24, this.little)
    const from = this.interfaces[index]
    if (from === undefined || captured > end - at - 28) {
      const why =
        from === undefined ? `names interface ${index}, which is not described` : `claims ${captured} bytes`
      this.damage.found(`packet block ${this.packets + 1} ${why}`)
      return
    }
    const clock = from.clock
    clock.read(view.getUint32(at + 12, this.little), view.getUint32(at + 16, this.little))
    this.packets++
    this.sink.record(
      bytes,
      view,
      at + 28,
      captured,
      original > captured ? original : captured,
      clock.seconds,
      clock.nanoseconds,
      clock.digits,
      from.linkType,
    )
  }

  /** Simple packet blocks have no time, belong to the first interface and end with its snapshot length. */
  private readSimple(bytes: Uint8Array, view: DataView, at: number, end: number): boolean {
    const from = this.interfaces[0]
    if (from === undefined) return false
    const original = view.getUint32(at + 8, this.little)
    const snapshot = from.snapshotBytes === 0 ? original : from.snapshotBytes
    const captured = Math.min(original, snapshot, end - at - 12)
    this.packets++
    this.sink.record(bytes, view, at + 12, captured, original, -1, 0, from.clock.digits, from.linkType)
    return true
  }

  private tellEnd(position: number, there: number): void {
    const needed = this.neededBytes > there ? ` of ${this.neededBytes}` : ''
    this.damage.found(`block at byte ${position} has ${there}${needed} bytes, then the file ends`)
  }
}

/** Blocks that carry a packet, or say how to read one; they are read whole. Others are passed over. */
function isReadType(type: number): boolean {
  return (
    type === BlockType.enhanced ||
    type === BlockType.simple ||
    type === BlockType.packet ||
    type === BlockType.interface ||
    type === BlockType.section
  )
}
