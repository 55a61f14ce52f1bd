import { CaptureReader } from '../packet/capture-reader.ts'
import { decode } from '../packet/decode.ts'
import type { Packet } from '../packet/packet.ts'
import { PcapWriter } from '../packet/pcap-writer.ts'
import type { RecordSink } from '../packet/record.ts'
import { canaryNonce, canarySnapshotBytes } from './canary.ts'
import type { CapturedFrame } from './keep/captured-frame.ts'
import type { KeepPolicy, PassedOver } from './keep/keep-policy.ts'

/**
 * Takes the bytes of a running capture: splits them into packets, tells canaries as they come, and of the rest keeps
 * what the policy lets it, all without one. What it does not keep is neither in `packets` nor in the file it makes.
 * Packets are decoded only when asked for, so that a busy capture does not slow down what is being measured.
 */
export class Recorder implements RecordSink {
  /** Why packets of the stream are missing; undefined while none are. */
  trouble: string | undefined
  /** As much was captured as is kept; what comes now is lost, so nothing more need come. */
  full = false
  /** The stream's file header has arrived: tcpdump is capturing. */
  begun = false
  readonly #reader = new CaptureReader(this)
  readonly #limitBytes: number
  readonly #policy: KeepPolicy | undefined
  readonly #canaries = new Map<string, string>()
  readonly #kept: CapturedFrame[] = []
  readonly #waiting = new Map<string, () => void>()
  readonly #keep = (frame: CapturedFrame): void => this.#store(frame)
  #writer: PcapWriter | undefined
  #unwritten: Uint8Array[] = []
  #keptBytes = 0
  #broken = false
  #number = 0
  /** Of the packet that was written last, in the file. */
  #position = 0

  constructor(limitBytes: number, policy?: KeepPolicy) {
    this.#limitBytes = limitBytes
    this.#policy = policy
  }

  push(chunk: Uint8Array): void {
    if (this.#broken) return
    this.begun = true
    this.#read(() => this.#reader.push(chunk))
  }

  /** Nothing more will come. */
  end(): void {
    this.#policy?.end()
    if (!this.begun) this.trouble ??= 'the stream ended before its file header'
    if (!this.begun || this.#broken) return
    this.#read(() => {
      const truncated = this.#reader.end().truncated
      if (truncated !== undefined) this.trouble ??= `the stream was cut off: ${truncated}`
    })
  }

  /** What the file holds beyond what was taken before: a pcap file of what is kept and of canaries. */
  takeFile(): Uint8Array {
    this.#begin(1)
    const parts = this.#unwritten
    this.#unwritten = []
    return Buffer.concat(parts)
  }

  /** What the policy did not keep. */
  get passedOver(): PassedOver {
    return this.#policy?.passedOver ?? {}
  }

  #read(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#broken = true
      this.trouble ??= `the stream cannot be read: ${error instanceof Error ? error.message : String(error)}`
    }
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
    this.#number += 1
    const frame: CapturedFrame = {
      bytes: bytes.subarray(offset, offset + capturedBytes),
      ...{ originalBytes, seconds, nanoseconds, digits, linkType, number: this.#number },
    }
    const nonce = canaryNonce(frame.bytes)
    if (nonce !== undefined) return this.#sawCanary(nonce, frame)
    if (this.#policy === undefined) this.#store(frame)
    else this.#policy.take(frame, this.#keep)
  }

  /** When the canary was captured, by the host's clock, in ISO 8601; undefined if it was not. */
  canarySeenAt(nonce: string): string | undefined {
    return this.#canaries.get(nonce)
  }

  /** Calls back once, when the canary is seen. */
  onCanary(nonce: string, callback: () => void): void {
    if (this.#canaries.has(nonce)) callback()
    else this.#waiting.set(nonce, callback)
  }

  packets(vxlanPorts: readonly number[] | undefined): readonly Packet[] {
    return this.#kept.map(({ bytes, originalBytes, seconds, nanoseconds, digits, linkType, number }) => ({
      number,
      timestamp: { seconds, nanoseconds, digits },
      linkType,
      capturedBytes: bytes.byteLength,
      originalBytes,
      ...decode(bytes, { linkType, originalBytes, ...(vxlanPorts === undefined ? {} : { vxlanPorts }) }),
      bytes,
    }))
  }

  #store(frame: CapturedFrame): void {
    this.#keptBytes += frame.bytes.byteLength
    if (this.#keptBytes > this.#limitBytes) {
      this.full = true
      this.trouble ??= `more than ${this.#limitBytes} bytes were captured, and the rest was not kept`
      return
    }
    const bytes = this.#write(frame)
    this.#kept.push({ ...frame, number: this.#position, bytes })
  }

  /** Copies the frame into the file, and returns the copy. */
  #write({ bytes, originalBytes, seconds, nanoseconds, digits, linkType }: CapturedFrame): Uint8Array {
    const writer = this.#begin(linkType)
    this.#position += 1
    const record = writer.record({ bytes, originalBytes, timestamp: { seconds, nanoseconds, digits } })
    this.#unwritten.push(record)
    return record.subarray(record.byteLength - bytes.byteLength)
  }

  /** A pcap file has one link type, and so has what tcpdump writes. */
  #begin(linkType: number): PcapWriter {
    if (this.#writer === undefined) {
      this.#writer = new PcapWriter(linkType)
      this.#unwritten.push(this.#writer.header())
    }
    return this.#writer
  }

  /** Anybody on the link can send one: of those that nobody waits for nothing is kept, of the others the first. */
  #sawCanary(nonce: string, frame: CapturedFrame): void {
    const told = this.#waiting.get(nonce)
    if (told === undefined) return
    this.#waiting.delete(nonce)
    this.#write({ ...frame, bytes: frame.bytes.subarray(0, canarySnapshotBytes) })
    this.#canaries.set(nonce, new Date(frame.seconds * 1000 + frame.nanoseconds / 1e6).toISOString())
    told()
  }
}
