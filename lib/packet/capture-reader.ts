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
 * Reads a capture from chunks of any size, as they come, and hands every packet to the sink. Memory is
 * bounded by the longest packet that is believed, whatever the size of the capture. Only a record that
 * straddles two chunks is copied.
 */
export class CaptureReader {
  private readonly sink: RecordSink
  private reader: FormatReader | undefined
  /** The start of a record whose rest has not come yet. */
  private carry = new Uint8Array(64 * 1024)
  private carryView = new DataView(this.carry.buffer)
  private carried = 0
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
    while (this.carried > 0 && from < to) from = this.fillCarry(chunk, from)
    if (from === to) return
    if (this.reader === undefined && to - from < MAGIC_BYTES) return this.keep(chunk, from)
    const view = this.viewOf(chunk)
    this.reader ??= this.recognise(chunk.subarray(from), view, from)
    const at = this.reader.read(chunk, view, from, to, false)
    if (at > to) this.skip = at - to
    else if (at < to) this.keep(chunk, at)
  }

  /** Says that nothing more will come. */
  end(): CaptureSummary {
    if (this.reader === undefined) {
      throw new NotACaptureError(describeBytes(this.carry.subarray(0, this.carried)))
    }
    this.reader.read(this.carry, this.carryView, 0, this.carried, true)
    if (this.skip > 0) this.reader.damage.found('the file ends inside a block that holds no packets')
    return this.summary(this.reader)
  }

  /** Packets handed on so far. */
  get packets(): number {
    return this.reader?.packets ?? 0
  }

  private summary(reader: FormatReader): CaptureSummary {
    const truncated = reader.damage.toString()
    const { format, byteOrder, packets } = reader
    return { format, byteOrder, packets, ...(truncated !== undefined && { truncated }) }
  }

  private fillCarry(chunk: Uint8Array, from: number): number {
    const needed = this.reader?.neededBytes ?? MAGIC_BYTES
    const taken = Math.min(Math.max(needed - this.carried, 1), chunk.byteLength - from)
    this.reserve(this.carried + taken)
    this.carry.set(chunk.subarray(from, from + taken), this.carried)
    this.carried += taken
    if (this.carried < needed) return from + taken
    this.reader ??= this.recognise(this.carry.subarray(0, this.carried), this.carryView, 0)
    const at = this.reader.read(this.carry, this.carryView, 0, this.carried, false)
    this.skip = Math.max(0, at - this.carried)
    if (at < this.carried) this.carry.copyWithin(0, at, this.carried)
    this.carried = Math.max(0, this.carried - at)
    const passed = Math.min(this.skip, chunk.byteLength - from - taken)
    this.skip -= passed
    return from + taken + passed
  }

  private keep(chunk: Uint8Array, from: number): void {
    this.reserve(chunk.byteLength - from)
    this.carry.set(chunk.subarray(from), 0)
    this.carried = chunk.byteLength - from
  }

  private reserve(bytes: number): void {
    if (bytes <= this.carry.byteLength) return
    const larger = new Uint8Array(Math.max(bytes, 2 * this.carry.byteLength))
    larger.set(this.carry.subarray(0, this.carried))
    this.carry = larger
    this.carryView = new DataView(larger.buffer)
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
