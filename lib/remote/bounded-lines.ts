import type { Readable } from 'node:stream'

export interface LineBounds {
  /** Of one line. Default 1 MiB. */
  readonly maxLineBytes?: number
  /** Of all lines together. Default 64 MiB. */
  readonly maxBytes?: number
}

export const usualLineBytes = 1024 * 1024
export const usualBytes = 64 * 1024 * 1024
const lineFeed = 0x0a

/** Says which bound a host's output went past. */
export class TooMuchOutput extends RangeError {}

/**
 * Hands on the lines of what a host prints, without their ends, also the last one that has none. Resolves at the end
 * of the stream; rejects with what broke it. A host decides what it prints: past one of the bounds the stream is
 * destroyed and `TooMuchOutput` is thrown, so that neither memory nor time depends on the host.
 */
export async function readLines(
  stream: Readable,
  onLine: (line: string) => void,
  { maxLineBytes = usualLineBytes, maxBytes = usualBytes }: LineBounds = {},
): Promise<void> {
  let pieces: Buffer[] = []
  let [lineBytes, bytes] = [0, 0]
  const take = (piece: Buffer): void => {
    lineBytes += piece.length
    if (lineBytes > maxLineBytes) throw new TooMuchOutput(`a line of more than ${maxLineBytes} bytes`)
    pieces.push(piece)
  }
  const end = (): void => {
    const line = Buffer.concat(pieces).toString('utf8')
    ;[pieces, lineBytes] = [[], 0]
    onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
  }
  // Leaving the loop early destroys the stream.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new TooMuchOutput(`more than ${maxBytes} bytes`)
    let from = 0
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      take(chunk.subarray(from, at))
      end()
      from = at + 1
    }
    if (from < chunk.length) take(chunk.subarray(from))
  }
  if (lineBytes > 0) end()
}
