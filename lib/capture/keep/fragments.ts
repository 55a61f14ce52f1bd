import type { CapturedFrame } from './captured-frame.ts'

/**
 * A sender hands on all fragments of a datagram at once. A receiver would wait longer, but on a busy link the same two
 * hosts give another datagram the same number, of 65,536, within seconds.
 */
const datagramSeconds = 2
/** Fragments overtake each other by milliseconds. */
const heldSeconds = 1
const heldFrames = 64
const heldBytes = 256 * 1024
const followedDatagrams = 1024

/** A datagram of the run's whose first fragment was seen. */
interface Followed {
  /** How much of each fragment behind the first is kept: all, or no more than its IP header. */
  readonly keeps: 'whole' | 'header'
  /** Length of what IP carries, all fragments together. */
  readonly bytes: number
  readonly since: number
  /** From and to of the fragments that were seen: none is kept twice, and none that lies across another. */
  readonly seen: (readonly [number, number])[]
  covered: number
}

interface Held {
  readonly frame: CapturedFrame
  readonly key: string
  readonly offset: number
  readonly payloadBytes: number
  readonly headerEnd: number
  readonly at: number
}

/** A fragment behind the first, as far as it matters here. */
export interface Tail {
  readonly key: string
  readonly offset: number
  /** Of what IP carries, on the wire. */
  readonly payloadBytes: number
  /** End of its IP header in the frame. */
  readonly headerEnd: number
  readonly at: number
}

/**
 * Fragments behind the first carry addresses only, no port and no VNI: whose they are is told by the first of their
 * datagram. Only a datagram's own are kept, each once, and no more of them than the datagram is long, so that a later
 * one of the same number does not pass for it. One that comes before its first is held for a moment.
 */
export class Fragments {
  readonly #followed = new Map<string, Followed>()
  #held: Held[] = []
  #heldBytes = 0
  /** Fragments dropped because their first was not the run's, or never came. */
  dropped = 0

  /** The first fragment of a datagram of the run's. Hands on what was held of it. */
  first(
    { key, payloadBytes, at }: Pick<Tail, 'key' | 'payloadBytes' | 'at'>,
    keeps: Followed['keeps'],
    datagramBytes: number,
    keep: (frame: CapturedFrame) => void,
  ): void {
    this.#followed.delete(key)
    if (this.#followed.size >= followedDatagrams) {
      const [oldest] = this.#followed.keys()
      if (oldest !== undefined) this.#followed.delete(oldest)
    }
    const seen: Followed['seen'] = [[0, payloadBytes]]
    this.#followed.set(key, { keeps, bytes: datagramBytes, since: at, seen, covered: payloadBytes })
    const waiting = this.#held.filter((held) => held.key === key)
    if (waiting.length === 0) return
    this.#held = this.#held.filter((held) => held.key !== key)
    for (const held of waiting) {
      this.#heldBytes -= held.frame.bytes.byteLength
      const isInTime = Math.abs(at - held.at) <= heldSeconds
      const end = isInTime ? this.#takes(held) : 0
      if (end > 0) keep({ ...held.frame, bytes: held.frame.bytes.subarray(0, end) })
      else this.dropped += 1
    }
  }

  /** How many bytes of the frame are kept; 0 if none are, or not yet. */
  tail(tail: Tail, frame: CapturedFrame): number {
    if (this.#followed.has(tail.key)) {
      const end = this.#takes(tail)
      if (end === 0) this.dropped += 1
      return Math.min(end, frame.bytes.byteLength)
    }
    this.#hold(tail, frame)
    return 0
  }

  /** Nothing more will come. */
  end(): void {
    this.dropped += this.#held.length
    this.#held = []
    this.#heldBytes = 0
  }

  #takes({ key, offset, payloadBytes, headerEnd, at }: Tail): number {
    const datagram = this.#followed.get(key)
    if (datagram === undefined) return 0
    if (Math.abs(at - datagram.since) > datagramSeconds) {
      this.#followed.delete(key)
      return 0
    }
    const end = offset + payloadBytes
    if (end > datagram.bytes || datagram.seen.some(([from, to]) => offset < to && from < end)) return 0
    datagram.seen.push([offset, end])
    datagram.covered += payloadBytes
    if (datagram.covered >= datagram.bytes) this.#followed.delete(key)
    return datagram.keeps === 'header' ? headerEnd : headerEnd + payloadBytes
  }

  #hold(tail: Tail, frame: CapturedFrame): void {
    const bytes = new Uint8Array(frame.bytes)
    this.#held.push({ ...tail, frame: { ...frame, bytes } })
    this.#heldBytes += bytes.byteLength
    while (this.#held.length > heldFrames || this.#heldBytes > heldBytes || this.#isLate(tail.at)) {
      this.#heldBytes -= this.#held.shift()?.frame.bytes.byteLength ?? 0
      this.dropped += 1
    }
  }

  #isLate(now: number): boolean {
    const [oldest] = this.#held
    return oldest !== undefined && Math.abs(now - oldest.at) > heldSeconds
  }
}
