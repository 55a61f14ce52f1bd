/**
 * Takes the packets of a capture one by one, without an object for each: `bytes` from `offset` on hold
 * `capturedBytes` of the packet's `originalBytes`, and are valid only during the call. `view` looks at the
 * same memory as `bytes`. `seconds` is negative when the record has no time of its own.
 */
export interface RecordSink {
  record(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    capturedBytes: number,
    originalBytes: number,
    seconds: number,
    nanoseconds: number,
    digits: number,
    linkType: number,
  ): void
}

/** What a reader can say of a capture besides its packets. */
export interface CaptureSummary {
  readonly format: 'pcap' | 'pcapng'
  readonly byteOrder: 'little-endian' | 'big-endian'
  readonly packets: number
  /** Why packets are missing: the file ends early, or parts of it are damaged. Undefined if it is whole. */
  readonly truncated?: string
}

/** Longest packet believed: tcpdump and Wireshark keep no more of one (MAXIMUM_SNAPLEN). */
export const LARGEST_PACKET_BYTES = 262_144

/** Reads one capture format from whatever part of it is in memory. */
export interface FormatReader {
  readonly format: CaptureSummary['format']
  readonly byteOrder: CaptureSummary['byteOrder']
  readonly packets: number
  readonly damage: Damage
  /** Bytes from the first unread one that must be in memory before `read` gets any further. */
  readonly neededBytes: number
  /**
   * Reads what is whole between `from` and `to` and returns the position of the first byte it still needs;
   * beyond `to` if bytes that have not arrived yet are to be passed over. `last` says nothing will follow.
   */
  read(bytes: Uint8Array, view: DataView, from: number, to: number, last: boolean): number
}

/** Damaged places of a capture, told as one sentence. */
export class Damage {
  private first: string | undefined
  private places = 0
  private skippedBytes = 0

  found(reason: string): void {
    this.first ??= reason
    this.places++
  }

  skipped(bytes: number): void {
    this.skippedBytes += bytes
  }

  toString(): string | undefined {
    if (this.first === undefined) return undefined
    const skipped = this.skippedBytes > 0 ? `; ${this.skippedBytes} bytes skipped` : ''
    return this.places === 1
      ? `${this.first}${skipped}`
      : `${this.first}, the first of ${this.places} places${skipped}`
  }
}
