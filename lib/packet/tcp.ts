import { looksLikeTls } from './tls.ts'
import type { Protocol } from './packet.ts'
import { IpProtocol } from './numbers.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * Transmission Control Protocol (RFC 9293, section 3.1).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |          Source Port          |       Destination Port        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                        Sequence Number                        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                    Acknowledgment Number                      |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |  Data |       |C|E|U|A|P|R|S|F|                               |
 *  | Offset| Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
 *  |       |       |R|E|G|K|H|T|N|N|                               |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |           Checksum            |         Urgent Pointer        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                           [Options]                           |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const MINIMUM_BYTES = 20

export const tcp = packetLayer({
  name: 'tcp',
  decode: decodeTcp,
  ipProtocols: [IpProtocol.tcp],
})

function decodeTcp(walk: Walk): Protocol | undefined {
  if (!walk.has('tcp', MINIMUM_BYTES)) return undefined
  const headerBytes = (walk.u8(12) >>> 4) * 4
  if (headerBytes < MINIMUM_BYTES) return void walk.fail('tcp', `header length ${headerBytes}`)
  if (!walk.has('tcp', headerBytes)) return undefined
  const flags = walk.u8(13)
  walk.push({
    protocol: 'tcp',
    offset: walk.offset,
    headerBytes,
    sourcePort: walk.u16(0),
    destinationPort: walk.u16(2),
    sequence: walk.u32(4),
    acknowledgement: walk.u32(8),
    flags: {
      fin: (flags & 1) !== 0,
      syn: (flags & 2) !== 0,
      rst: (flags & 4) !== 0,
      psh: (flags & 8) !== 0,
      ack: (flags & 16) !== 0,
      urg: (flags & 32) !== 0,
    },
    payloadBytes: walk.end - walk.offset - headerBytes,
  })
  return looksLikeTls(walk) ? 'tls' : undefined
}
