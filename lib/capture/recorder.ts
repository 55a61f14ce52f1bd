import { CaptureReader } from '../packet/capture-reader.ts'
import { decode } from '../packet/decode.ts'
import type { Packet } from '../packet/packet.ts'
import type { RecordSink } from '../packet/record.ts'
import { canaryNonce } from './canary.ts'

interface Kept {
  readonly bytes: Uint8Array
  readonly originalBytes: number
  readonly seconds: number
  readonly nanoseconds: number
  readonly digits: number
  readonly linkType: number
  readonly number: number
}

/**
 * Takes the bytes of a running capture: splits them into packets, tells canaries as they come, keeps the rest.
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
  readonly #canaries = new Map<string, string>()
  readonly #kept: Kept[] = []
  readonly #waiting = new Map<string, () => void>()
  #keptBytes = 0
  #broken = false
  #number = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  push(chunk: Uint8Array): void {
    if (this.#broken) return
    this.begun = true
    this.#read(() => this.#reader.push(chunk))
  }

  /** Nothing more will come. */
  end(): void {
    if (!this.begun) this.trouble ??= 'the stream ended before its file header'
    if (!this.begun || this.#broken) return
    this.#read(() => {
      const truncated = this.#reader.end().truncated
      if (truncated !== undefined) this.trouble ??= `the stream was cut off: ${truncated}`
    })
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
    const frame = bytes.subarray(offset, offset + capturedBytes)
    const nonce = canaryNonce(frame)
    if (nonce !== undefined) return this.#sawCanary(nonce, seconds, nanoseconds)
    this.#keptBytes += capturedBytes
    if (this.#keptBytes > this.#limitBytes) {
      this.full = true
      this.trouble ??= `more than ${this.#limitBytes} bytes were captured, and the rest was not kept`
      return
    }
    const number = this.#number
    this.#kept.push({ bytes: frame.slice(), originalBytes, seconds, nanoseconds, digits, linkType, number })
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

  #sawCanary(nonce: string, seconds: number, nanoseconds: number): void {
    if (!this.#canaries.has(nonce)) {
      this.#canaries.set(nonce, new Date(seconds * 1000 + nanoseconds / 1e6).toISOString())
    }
    this.#waiting.get(nonce)?.()
    this.#waiting.delete(nonce)
  }
}
