import { CaptureReader } from './capture-reader.ts'
import { decode } from './decode.ts'
import { inflated } from './inflated.ts'
import type { DecodeOptions, Packet } from './packet.ts'
import type { CaptureSummary, RecordSink } from './record.ts'

export type StreamOptions = Pick<DecodeOptions, 'vxlanPorts'>

/**
 * Decodes a capture while it is being written: push what has come, get the packets that are whole.
 * The packets own their bytes. For finished files of any size, see `readPackets`.
 */
export class PacketStream {
  private readonly reader: CaptureReader
  private ready: Packet[] = []

  constructor(options: StreamOptions = {}) {
    this.reader = new CaptureReader(new Collector(options, (packet) => this.ready.push(packet)))
  }

  push(chunk: Uint8Array): Packet[] {
    this.reader.push(chunk)
    return this.take()
  }

  /** Says that nothing more will come; returns packets found behind damage at the very end, and what is missing. */
  end(): { packets: Packet[]; summary: CaptureSummary } {
    const summary = this.reader.end()
    return { packets: this.take(), summary }
  }

  private take(): Packet[] {
    const packets = this.ready
    this.ready = []
    return packets
  }
}

/** Packets of a whole capture, gzip or not, one chunk in memory at a time. Returns what is missing, if anything. */
export async function* readPackets(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: StreamOptions = {},
): AsyncGenerator<Packet, CaptureSummary, undefined> {
  const stream = new PacketStream(options)
  const input = inflated(chunks)
  for await (const chunk of input.chunks) yield* stream.push(chunk)
  const { packets, summary } = stream.end()
  yield* packets
  return input.damage === undefined ? summary : { ...summary, truncated: input.damage }
}

class Collector implements RecordSink {
  private readonly options: StreamOptions
  private readonly keep: (packet: Packet) => void
  private number = 0

  constructor(options: StreamOptions, keep: (packet: Packet) => void) {
    this.options = options
    this.keep = keep
  }

  record(
    bytes: Uint8Array,
    _view: DataView,
    offset: number,
    capturedBytes: number,
    originalBytes: number,
    seconds: number,
    nanoseconds: number,
    digits: number,
    linkType: number,
  ): void {
    const own = bytes.slice(offset, offset + capturedBytes)
    this.number++
    this.keep({
      number: this.number,
      timestamp: { seconds: Math.max(0, seconds), nanoseconds, digits },
      capturedBytes,
      originalBytes,
      linkType,
      bytes: own,
      ...decode(own, { ...this.options, linkType, originalBytes }),
    })
  }
}
