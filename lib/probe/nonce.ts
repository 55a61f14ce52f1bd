import { randomBytes } from 'node:crypto'

/** What a responder answers to and nothing else: bytes that nobody guesses, in letters that every protocol carries. */
export function responderNonce(): string {
  return randomBytes(8).toString('hex')
}

/** A datagram that a responder with this nonce sends back, as long as the text says or filled up to `bytes`. */
export function datagramFor(nonce: string, text: string, bytes?: number): Buffer {
  const whole = Buffer.from(`${nonce} ${text}`)
  return bytes === undefined || bytes <= whole.length
    ? whole
    : Buffer.concat([whole, Buffer.alloc(bytes - whole.length, 's')])
}

/** Lines that a server with this nonce answers, and the empty one by which it closes. */
export function linesFor(nonce: string, lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.map((line) => `${nonce} ${line}\n`).join('')}\n`)
}
