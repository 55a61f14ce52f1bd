import { Damage, LARGEST_PACKET_BYTES } from './record.ts'
import type { FormatReader, RecordSink } from './record.ts'

/*
 * pcap capture file (draft-ietf-opsawg-pcap), in the byte order of the machine that wrote it.
 *
 *  file header                               record header
 *  +--------------------------------+        +--------------------------------+
 *  |  Magic: 0xa1b2c3d4 µs          |        |  Seconds                       |
 *  |         0xa1b23c4d ns          |        +--------------------------------+
 *  +----------------+---------------+        |  Microseconds or nanoseconds   |
 *  | Major version  | Minor version |        +--------------------------------+
 *  +----------------+---------------+        |  Captured length               |
 *  |  Reserved (2 × 4 bytes)        |        +--------------------------------+
 *  +--------------------------------+        |  Original length               |
 *  |  Snapshot length               |        +--------------------------------+
 *  +--------------------------------+        |  Captured bytes …
 *  |  Link type (low 16 bits)       |
 *  +--------------------------------+
 */
const FILE_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16
const NANOSECOND_MAGIC = 0xa1b23c4d
/** Record headers looked for after a damaged one must be this close in time to the last good one. */
const PLAUSIBLE_GAP_SECONDS = 7 * 86_400

export class PcapReader implements FormatReader {
  readonly format = 'pcap'
  readonly damage = new Damage()
  packets = 0
  neededBytes = FILE_HEADER_BYTES
  private readonly sink: RecordSink
  private readonly little: boolean
  /** Bytes of the file before the `from` of the current read. */
  private position = 0
  private headerRead = false
  private nanosecondsPerUnit = 1000
  private unitsPerSecond = 1_000_000
  private digits = 6
  private linkType = 0
  private lastSeconds: number | undefined
  /** `doubted`: the header at hand looks wrong; `lost`: it is wrong, and a sound one is being looked for. */
  private state: 'sound' | 'doubted' | 'lost' = 'sound'
  /** The next header was doubted and found to fit; those behind it are judged for themselves. */
  private trusted = false

  constructor(sink: RecordSink, little: boolean) {
    this.sink = sink
    this.little = little
  }

  private get hasDoubts(): boolean {
    return this.state !== 'sound'
  }

  get byteOrder(): 'little-endian' | 'big-endian' {
    return this.little ? 'little-endian' : 'big-endian'
  }

  read(bytes: Uint8Array, view: DataView, from: number, to: number, last: boolean): number {
    let at = from
    if (!this.headerRead) at = this.readFileHeader(view, from, to, last)
    while (this.headerRead) {
      if (this.state !== 'sound') at = this.findRecord(view, at, to, last, this.position - from)
      if (this.state !== 'sound') break
      at = this.readRecords(bytes, view, at, to)
      if (this.hasDoubts) continue
      if (!last || at === to) break
      this.tellEnd(view, at, to, this.position - from + at)
      this.state = 'lost'
    }
    this.position += at - from
    return at
  }

  private readFileHeader(view: DataView, from: number, to: number, last: boolean): number {
    if (to - from < FILE_HEADER_BYTES) {
      if (last)
        this.damage.found(`the file ends inside its header: ${to - from} of ${FILE_HEADER_BYTES} bytes`)
      return from
    }
    if (view.getUint32(from, this.little) === NANOSECOND_MAGIC) {
      this.nanosecondsPerUnit = 1
      this.unitsPerSecond = 1_000_000_000
      this.digits = 9
    }
    this.linkType = view.getUint32(from + 20, this.little) & 0xffff
    this.headerRead = true
    this.neededBytes = RECORD_HEADER_BYTES
    return from + FILE_HEADER_BYTES
  }

  /** The loop every packet passes: no allocation, no call but the sink's. */
  private readRecords(bytes: Uint8Array, view: DataView, from: number, to: number): number {
    const { sink, little, nanosecondsPerUnit, unitsPerSecond, digits, linkType } = this
    let at = from
    let packets = 0
    let seconds = this.lastSeconds
    const trustedAt = this.trusted ? from : -1
    this.trusted = false
    this.neededBytes = RECORD_HEADER_BYTES
    while (to - at >= RECORD_HEADER_BYTES) {
      const fraction = view.getUint32(at + 4, little)
      const captured = view.getUint32(at + 8, little)
      const original = view.getUint32(at + 12, little)
      if (captured > LARGEST_PACKET_BYTES || fraction >= unitsPerSecond || captured > original) {
        if (at !== trustedAt) {
          this.state = 'doubted'
          break
        }
      }
      const start = at + RECORD_HEADER_BYTES
      if (start + captured > to) {
        this.neededBytes = RECORD_HEADER_BYTES + captured
        break
      }
      seconds = view.getUint32(at, little)
      const nanoseconds = fraction * nanosecondsPerUnit
      const length = original > captured ? original : captured
      sink.record(bytes, view, start, captured, length, seconds, nanoseconds, digits, linkType)
      packets++
      at = start + captured
    }
    this.packets += packets
    this.lastSeconds = seconds
    return at
  }

  /**
   * After a header that looks wrong, finds one that can be right: plausible itself, and followed by another
   * plausible one or by the end of the file. The doubted header gets the first try: some writers state an
   * original length below the captured one. Returns the position to go on from.
   */
  private findRecord(view: DataView, from: number, to: number, last: boolean, base: number): number {
    let at = from
    for (; to - at >= RECORD_HEADER_BYTES; at++) {
      const next = at + RECORD_HEADER_BYTES + view.getUint32(at + 8, this.little)
      if (this.plausible(view, at)) {
        if (next + RECORD_HEADER_BYTES > to && !last) {
          this.neededBytes = next + RECORD_HEADER_BYTES - at
          this.damage.skipped(at - from)
          return at
        }
        if (next === to || (next + RECORD_HEADER_BYTES <= to && this.plausible(view, next))) {
          this.trusted = true
          this.state = 'sound'
          break
        }
      }
      if (this.state === 'doubted') this.tellDamage(view, at, base + at)
      this.state = 'lost'
    }
    this.neededBytes = RECORD_HEADER_BYTES
    if (last && this.hasDoubts) return to
    this.damage.skipped(at - from)
    return at
  }

  private plausible(view: DataView, at: number): boolean {
    const captured = view.getUint32(at + 8, this.little)
    const original = view.getUint32(at + 12, this.little)
    const seconds = view.getUint32(at, this.little)
    return (
      captured > 0 &&
      captured <= LARGEST_PACKET_BYTES &&
      original <= 4 * LARGEST_PACKET_BYTES &&
      view.getUint32(at + 4, this.little) < this.unitsPerSecond &&
      (this.lastSeconds === undefined || Math.abs(seconds - this.lastSeconds) <= PLAUSIBLE_GAP_SECONDS)
    )
  }

  private tellDamage(view: DataView, at: number, position: number): void {
    const captured = view.getUint32(at + 8, this.little)
    const original = view.getUint32(at + 12, this.little)
    const fraction = view.getUint32(at + 4, this.little)
    const where = `record ${this.packets + 1} at byte ${position}`
    if (captured > LARGEST_PACKET_BYTES) {
      this.damage.found(
        `${where} claims ${captured} captured bytes (at most ${LARGEST_PACKET_BYTES} are believed)`,
      )
    } else if (captured > original) {
      this.damage.found(`${where} claims ${captured} captured bytes of a packet of ${original}`)
    } else {
      this.damage.found(`${where} claims ${fraction} fractions of a second, of ${this.unitsPerSecond}`)
    }
  }

  private tellEnd(view: DataView, at: number, to: number, position: number): void {
    const there = to - at
    const where = `record ${this.packets + 1} at byte ${position}`
    if (there < RECORD_HEADER_BYTES) {
      this.damage.found(
        `${where} has ${there} of the ${RECORD_HEADER_BYTES} bytes of its header, then the file ends`,
      )
      return
    }
    const captured = view.getUint32(at + 8, this.little)
    this.damage.found(
      `${where} has ${there - RECORD_HEADER_BYTES} of its ${captured} bytes, then the file ends`,
    )
  }
}
