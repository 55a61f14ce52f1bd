import type { Protocol } from './packet.ts'
import { IpProtocol } from './numbers.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * IP Encapsulating Security Payload (RFC 4303, section 2). What follows the header is encrypted, so
 * decoding ends here.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |               Security Parameters Index (SPI)                 |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                      Sequence Number                          |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                    Payload data (variable) …
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const HEADER_BYTES = 8

export const esp = packetLayer({
  name: 'esp',
  decode: decodeEsp,
  ipProtocols: [IpProtocol.esp],
})

function decodeEsp(walk: Walk): Protocol | undefined {
  if (!walk.has('esp', HEADER_BYTES)) return undefined
  walk.push({
    protocol: 'esp',
    offset: walk.offset,
    headerBytes: HEADER_BYTES,
    spi: spiText(walk.u32(0)),
    sequence: walk.u32(4),
    payloadBytes: walk.end - walk.offset - HEADER_BYTES,
  })
  return undefined
}

export function spiText(spi: number): string {
  return `0x${spi.toString(16).padStart(8, '0')}`
}
