const headerBytes = 5
/** 2^14 and 256 of protection: RFC 8446, 5.2. */
const mostRecordBytes = 16_640
/** A sender that writes one message does not pause this long within it; as the judge of streams has it. */
const pauseSeconds = 0.2
const mostStreams = 1024

/** A segment of a TCP stream, with the bytes of it that were captured. */
export interface Segment {
  /** One direction of one connection. */
  readonly stream: string
  readonly sequence: number
  readonly begins: boolean
  /** Payload on the wire; `payload` may hold less. */
  readonly payloadBytes: number
  readonly payload: Uint8Array
  readonly at: number
}

/** From and to, in bytes of the payload. */
export type Range = readonly [number, number]

interface Stream {
  /** Sequence number at which the next record begins; undefined where that is not known. */
  boundary: number | undefined
  /** First bytes of a header whose rest is in the next segment. */
  partial: readonly number[]
  /** Behind the last byte seen. */
  end: number
  last: number
  /** A record was to begin and none did. */
  isNoTls: boolean
}

/** Follows the records of TLS streams, so that their headers can be kept without what they carry. */
export class TlsHeaders {
  readonly #streams = new Map<string, Stream>()

  /** Where headers are; undefined where it is not known which bytes are one, so that nothing can be said of them. */
  find(segment: Segment): readonly Range[] | undefined {
    const { sequence, payloadBytes, payload, begins } = segment
    const stream = this.#stream(segment)
    if (begins) {
      const start = (sequence + 1) >>> 0
      Object.assign(stream, { boundary: start, end: start, partial: [], isNoTls: false })
    }
    if (payloadBytes === 0) return []
    const first = begins ? (sequence + 1) >>> 0 : sequence
    const ahead = distance(stream.end, first)
    const paused = ahead === 0 && segment.at - stream.last >= pauseSeconds
    const isRepeated = ahead + payloadBytes <= 0
    if (!isRepeated) {
      stream.end = (first + payloadBytes) >>> 0
      stream.last = segment.at
    }
    if (stream.isNoTls || isRepeated) return []
    if (ahead > 0) stream.partial = []
    if (stream.boundary !== undefined && distance(first, stream.boundary) < -stream.partial.length)
      stream.boundary = undefined
    if (stream.boundary === undefined) {
      if (!isHeader(payload, 0) && !paused) return undefined
      stream.boundary = first
      stream.partial = []
    }
    return walk(stream, stream.boundary, first, payloadBytes, payload)
  }

  #stream({ stream: key, sequence, at }: Segment): Stream {
    const known = this.#streams.get(key)
    if (known !== undefined) return known
    if (this.#streams.size >= mostStreams) {
      const [oldest] = this.#streams.keys()
      if (oldest !== undefined) this.#streams.delete(oldest)
    }
    const stream = { boundary: undefined, partial: [], end: sequence, last: at, isNoTls: false }
    this.#streams.set(key, stream)
    return stream
  }
}

function walk(
  stream: Stream,
  boundary: number,
  first: number,
  payloadBytes: number,
  payload: Uint8Array,
): readonly Range[] {
  const headers: Range[] = []
  let at = distance(first, boundary)
  if (at < 0) {
    // The header began in the segment before.
    const whole = Uint8Array.from([...stream.partial, ...payload.subarray(0, headerBytes + at)])
    const rest: Range = [0, Math.min(headerBytes + at, payload.byteLength)]
    if (whole.byteLength < headerBytes)
      return beginsHeader(whole) ? keepPartial(stream, [...whole], [rest]) : notTls(stream, headers)
    stream.partial = []
    if (!isHeader(whole, 0)) return notTls(stream, headers)
    headers.push(rest)
    at += headerBytes + lengthOf(whole, 0)
  }
  while (at < payloadBytes) {
    if (at + headerBytes > payloadBytes) {
      if (!beginsHeader(payload.subarray(at))) return notTls(stream, headers)
      stream.boundary = (first + at) >>> 0
      const range: Range = [Math.min(at, payload.byteLength), payload.byteLength]
      return keepPartial(stream, [...payload.subarray(at)], [...headers, range])
    }
    if (at + headerBytes > payload.byteLength) {
      // The capture kept less of the segment than was sent.
      stream.boundary = undefined
      return headers
    }
    if (!isHeader(payload, at)) return notTls(stream, headers)
    headers.push([at, at + headerBytes])
    at += headerBytes + lengthOf(payload, at)
  }
  stream.boundary = (first + at) >>> 0
  return headers
}

function keepPartial(stream: Stream, bytes: readonly number[], headers: readonly Range[]): readonly Range[] {
  stream.partial = bytes
  return headers
}

function notTls(stream: Stream, headers: readonly Range[]): readonly Range[] {
  stream.isNoTls = true
  return headers
}

/** Whether a header may begin with these few bytes: nothing is kept of what cannot be part of one. */
function beginsHeader([type = 20, major = 3, minor = 1]: Uint8Array): boolean {
  return type >= 20 && type <= 24 && major === 3 && minor >= 1 && minor <= 4
}

function isHeader(bytes: Uint8Array, at: number): boolean {
  if (at + headerBytes > bytes.byteLength) return false
  const [type, version, length] = [bytes[at] ?? 0, word(bytes, at + 1), lengthOf(bytes, at)]
  return (
    type >= 20 &&
    type <= 24 &&
    version >= 0x0301 &&
    version <= 0x0304 &&
    length > 0 &&
    length <= mostRecordBytes
  )
}

function lengthOf(bytes: Uint8Array, at: number): number {
  return word(bytes, at + 3)
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

/** Sequence numbers wrap at 2^32 (RFC 9293, 3.4). */
function distance(from: number, to: number): number {
  return (to - from) | 0
}
