import type { Protocol } from './packet.ts'
import { IpProtocol } from './numbers.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * User Datagram Protocol (RFC 768).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |          Source Port          |       Destination Port        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |            Length             |           Checksum            |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const HEADER_BYTES = 8

export const udp = packetLayer({
  name: 'udp',
  decode: decodeUdp,
  ipProtocols: [IpProtocol.udp],
})

function decodeUdp(walk: Walk): Protocol | undefined {
  if (!walk.has('udp', HEADER_BYTES)) return undefined
  const start = walk.offset
  const destinationPort = walk.u16(2)
  const available = walk.end - start
  // 0 stands for a jumbogram (RFC 2675), or for a datagram that the card will still split.
  const length = walk.u16(4) === 0 ? available : walk.u16(4)
  walk.push({
    protocol: 'udp',
    offset: start,
    headerBytes: HEADER_BYTES,
    sourcePort: walk.u16(0),
    destinationPort,
    payloadBytes: Math.max(0, length - HEADER_BYTES),
  })
  if (length < HEADER_BYTES) return void walk.fail('udp', `length ${length} below its header`)
  if (length > available && !walk.fragment) {
    return void walk.fail('udp', `says ${length} bytes, ${available} are there`)
  }
  walk.end = Math.min(walk.end, start + length)
  return walk.vxlanPorts.includes(destinationPort) ? 'vxlan' : undefined
}
