import { Readable } from 'node:stream'
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

async function* unpack(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
  result: Inflated,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 })
  const packed = Readable.from(joined(first, rest), { objectMode: false })
  packed.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const chunk of packed.pipe(gunzip)) yield chunk as Uint8Array
  } catch (error) {
    if (!isZlibError(error)) throw error
    result.damage = `the gzip data is damaged or ends early (${error.message})`
  } finally {
    packed.destroy()
    gunzip.destroy()
  }
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
