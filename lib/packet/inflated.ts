import { createGunzip } from 'node:zlib'

/** Chunks of a capture, unpacked if they were gzip. */
export interface Inflated {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Whether the input is gzip; known once the first chunk was read. */
  compressed: boolean
  /** Why the gzip stream could not be read to its end; known once `chunks` has ended. */
  damage?: string
}

/** Passes chunks on as they are, unless they begin like gzip. Whatever a broken stream still gave is kept. */
export function inflated(input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Inflated {
  const result: Inflated = { chunks: pass(), compressed: false }
  return result

  async function* pass(): AsyncGenerator<Uint8Array> {
    const source = beginningWith(2, input)
    const first = await source.next()
    if (first.done === true) return
    if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
      yield first.value
      yield* source
      return
    }
    result.compressed = true
    yield* unpack(first.value, source, result)
  }
}

/**
 * A damaged stream loses what was unpacked of the piece that holds the damage. Pieces are of one size, whatever
 * the input's chunks, so that what is lost depends on the bytes alone; and small, so that little is lost and
 * little is in memory: deflate unpacks a byte to at most 1032.
 */
const PIECE_BYTES = 16 * 1024
const UNPACKED_CHUNK_BYTES = 64 * 1024

async function* unpack(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
  result: Inflated,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: UNPACKED_CHUNK_BYTES })
  let unpacked: Uint8Array[] = []
  gunzip.on('data', (chunk: Uint8Array) => unpacked.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    gunzip.on('error', reject)
    gunzip.on('end', resolve)
  })
  ended.catch(() => undefined) // it may fail while nobody waits
  const take = (): Uint8Array[] => {
    const taken = unpacked
    unpacked = []
    return taken
  }
  try {
    for await (const piece of pieces(PIECE_BYTES, joined(first, rest))) {
      // Bytes behind the end of the stream are taken no more: then only `ended` answers.
      await Promise.race([new Promise((resolve) => gunzip.write(piece, resolve)), ended])
      yield* take()
      if (gunzip.destroyed || gunzip.readableEnded) break
    }
    if (!gunzip.destroyed) gunzip.end()
    await ended
    yield* take()
  } catch (error) {
    if (!isZlibError(error)) throw error
    yield* take()
    result.damage = `the gzip data is damaged or ends early (${error.message})`
  } finally {
    gunzip.destroy()
  }
}

/** The same bytes in pieces of one size; the last one may be shorter. */
async function* pieces(size: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(size)
  let filled = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength;) {
      const taken = Math.min(size - filled, chunk.byteLength - at)
      piece.set(chunk.subarray(at, at + taken), filled)
      filled += taken
      at += taken
      if (filled < size) continue
      yield piece
      piece = new Uint8Array(size)
      filled = 0
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}

const isZlibError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && /^Z_/.test(String(error.code))

async function* joined(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}

/** The same bytes, with a first chunk of at least `bytes` unless there are fewer at all. */
async function* beginningWith(
  bytes: number,
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let start: Uint8Array | undefined = new Uint8Array(0)
  for await (const chunk of input) {
    if (start === undefined) {
      yield chunk
      continue
    }
    start = start.byteLength === 0 ? chunk : Buffer.concat([start, chunk])
    if (start.byteLength < bytes) continue
    yield start
    start = undefined
  }
  if (start !== undefined && start.byteLength > 0) yield start
}
