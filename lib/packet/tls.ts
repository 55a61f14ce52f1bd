import type { Protocol } from './packet.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * TLS record header (RFC 8446, section 5.1; the same in every version since SSL 3.0).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  | Content type  |        Legacy version         |    Length …
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *    … length      |
 *  +-+-+-+-+-+-+-+-+
 */
const HEADER_BYTES = 5
/** 2^14 of plaintext and what encryption may add (RFC 5246, section 6.2.3). */
const LARGEST_RECORD_BYTES = 16384 + 2048

/**
 * Whether a TCP payload starts with a record header. A segment in the middle of a record does not, and is
 * no fault; so nothing here is ever malformed.
 */
export function looksLikeTls(walk: Walk): boolean {
  const last = walk.offset + HEADER_BYTES
  if (last > walk.end || last > walk.bytes.byteLength) return false
  const contentType = walk.u8(0)
  const length = walk.u16(3)
  return (
    contentType >= 20 &&
    contentType <= 24 &&
    walk.u8(1) === 3 &&
    walk.u8(2) <= 4 &&
    length > 0 &&
    length <= LARGEST_RECORD_BYTES
  )
}

export const tls = packetLayer({
  name: 'tls',
  decode: decodeTls,
})

function decodeTls(walk: Walk): Protocol | undefined {
  walk.push({
    protocol: 'tls',
    offset: walk.offset,
    headerBytes: HEADER_BYTES,
    contentType: walk.u8(0),
    version: walk.u16(1),
    recordBytes: walk.u16(3),
  })
  return undefined
}
