import { describeBytes } from './describe-bytes.ts'
import { PcapReader } from './pcap-reader.ts'
import { PcapngReader } from './pcapng-reader.ts'
import type { CaptureSummary, FormatReader, RecordSink } from './record.ts'

/** The bytes are no capture file; `found` says what they look like. */
export class NotACaptureError extends Error {
  readonly found: string

  constructor(found: string) {
    super(`not a capture file: ${found}`)
    this.name = 'NotACaptureError'
    this.found = found
  }
}

const MAGIC_BYTES = 4

/**
 * Reads a capture from chunks of any size, as they come, and hands every packet to the sink. What it finds is
 * a function of the bytes alone, however they are cut. Memory is bounded by the longest block that is believed,
 * whatever the size of the capture. Only a record that straddles two chunks is copied.
 */
export class CaptureReader {
  private readonly sink: RecordSink
  private reader: FormatReader | undefined
  /** The start of a record whose rest has not come yet stands in `carry`, from `carryFrom` to `carryTo`. */
  private carry = new Uint8Array(64 * 1024)
  private carryView = new DataView(this.carry.buffer)
  private carryFrom = 0
  private carryTo = 0
  private moved = 0
  private skip = 0
  private chunk: Uint8Array | undefined
  private chunkView: DataView = this.carryView

  constructor(sink: RecordSink) {
    this.sink = sink
  }

  /** The chunk may be reused by the caller afterwards. Throws `NotACaptureError` on the first bytes only. */
  push(chunk: Uint8Array): void {
    const to = chunk.byteLength
    let from = Math.min(this.skip, to)
    this.skip -= from
    if (this.carried > 0 && from < to) from = this.readCarried(chunk, from)
    if (from === to) return
    if (this.reader === undefined && to - from < MAGIC_BYTES) return this.append(chunk, from, to)
    const view = this.viewOf(chunk)
    this.reader ??= this.recognise(chunk.subarray(from), view, from)
    const at = this.reader.read(chunk, view, from, to, false)
    if (at > to) this.skip = at - to
    else if (at < to) this.append(chunk, at, to)
  }

  /** Says that nothing more will come. */
  end(): CaptureSummary {
    if (this.reader === undefined) {
      throw new NotACaptureError(describeBytes(this.carriedBytes))
    }
    this.reader.read(this.carry, this.carryView, this.carryFrom, this.carryTo, true)
    if (this.skip > 0) this.reader.damage.found('the file ends inside a block that holds no packets')
    return this.summary(this.reader)
  }

  /** Packets handed on so far. */
  get packets(): number {
    return this.reader?.packets ?? 0
  }

  private get carried(): number {
    return this.carryTo - this.carryFrom
  }

  private get carriedBytes(): Uint8Array {
    return this.carry.subarray(this.carryFrom, this.carryTo)
  }

  /** Bytes that were moved to make room, and room there is now: what a hostile capture would drive up. */
  get effort(): { readonly movedBytes: number; readonly roomBytes: number } {
    return { movedBytes: this.moved, roomBytes: this.carry.byteLength }
  }

  private summary(reader: FormatReader): CaptureSummary {
    const truncated = reader.damage.toString()
    const { format, byteOrder, packets } = reader
    return { format, byteOrder, packets, ...(truncated !== undefined && { truncated }) }
  }

  /**
   * Completes what is carried from the chunk, as little as will do, until all bytes of earlier chunks have been
   * read. Returns where to go on in the chunk.
   */
  private readCarried(chunk: Uint8Array, from: number): number {
    const to = chunk.byteLength
    let earlier = this.carried
    let next = from
    while (next < to) {
      const needed = this.reader?.neededBytes ?? MAGIC_BYTES
      const taken = Math.min(Math.max(needed - this.carried, 1), to - next)
      this.append(chunk, next, next + taken)
      next += taken
      if (this.carried < needed) break
      this.reader ??= this.recognise(this.carriedBytes, this.carryView, this.carryFrom)
      const at = this.reader.read(this.carry, this.carryView, this.carryFrom, this.carryTo, false)
      const consumed = at - this.carryFrom
      if (consumed >= earlier) {
        const position = next + at - this.carryTo
        this.carryFrom = this.carryTo = 0
        this.skip = Math.max(0, position - to)
        return Math.min(position, to)
      }
      this.carryFrom = at
      earlier -= consumed
    }
    return to
  }

  private append(chunk: Uint8Array, from: number, to: number): void {
    if (this.carryFrom === this.carryTo) this.carryFrom = this.carryTo = 0
    const bytes = to - from
    if (this.carryTo + bytes > this.carry.byteLength) this.makeRoom(bytes)
    this.carry.set(chunk.subarray(from, to), this.carryTo)
    this.carryTo += bytes
  }

  /**
   * Moves what is carried only once at least as much before it has been read: a reader that goes on byte by byte
   * costs no move for each. Otherwise the room grows, to at most six times the longest block.
   */
  private makeRoom(bytes: number): void {
    const { carry, carried } = this
    this.moved += carried
    if (this.carryFrom >= carried && carried + bytes <= carry.byteLength) {
      carry.copyWithin(0, this.carryFrom, this.carryTo)
    } else {
      const larger = new Uint8Array(Math.max(carried + bytes, 2 * carry.byteLength))
      larger.set(carry.subarray(this.carryFrom, this.carryTo))
      this.carry = larger
      this.carryView = new DataView(larger.buffer)
    }
    this.carryFrom = 0
    this.carryTo = carried
  }

  private viewOf(chunk: Uint8Array): DataView {
    if (this.chunk !== chunk) {
      this.chunk = chunk
      this.chunkView = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    }
    return this.chunkView
  }

  private recognise(start: Uint8Array, view: DataView, at: number): FormatReader {
    switch (view.getUint32(at)) {
      case 0xa1b2c3d4:
      case 0xa1b23c4d:
        return new PcapReader(this.sink, false)
      case 0xd4c3b2a1:
      case 0x4d3cb2a1:
        return new PcapReader(this.sink, true)
      case 0x0a0d0d0a:
        return new PcapngReader(this.sink)
      default:
        throw new NotACaptureError(describeBytes(start))
    }
  }
}
