import { ipv4Text } from './address.ts'
import type { Protocol } from './packet.ts'
import { EtherType } from './numbers.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * Internet Protocol (RFC 791, section 3.1).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |Version|  IHL  |Type of Service|          Total Length         |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |         Identification        |Flags|      Fragment Offset    |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |  Time to Live |    Protocol   |         Header Checksum       |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                       Source Address                          |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                    Destination Address                        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                    Options                    |    Padding    |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const MINIMUM_BYTES = 20

export const ipv4 = packetLayer({
  name: 'ipv4',
  decode: decodeIpv4,
  etherTypes: [EtherType.ipv4],
  addresses: ({ source, destination }) => [source, destination],
})

function decodeIpv4(walk: Walk): Protocol | undefined {
  if (!walk.has('ipv4', MINIMUM_BYTES)) return undefined
  const version = walk.u8(0) >>> 4
  const headerBytes = (walk.u8(0) & 15) * 4
  if (version !== 4) return void walk.fail('ipv4', `version ${version}`)
  if (headerBytes < MINIMUM_BYTES) return void walk.fail('ipv4', `header length ${headerBytes}`)
  if (!walk.has('ipv4', headerBytes)) return undefined

  const start = walk.offset
  const available = walk.end - start
  // A sender's tap sees segments that the card will still split with a total length of 0.
  const totalBytes = walk.u16(2) === 0 ? available : walk.u16(2)
  const flags = walk.u16(6)
  const fragmentOffset = (flags & 0x1fff) * 8
  const moreFragments = (flags & 0x2000) !== 0
  const payloadProtocol = walk.u8(9)
  walk.push({
    protocol: 'ipv4',
    offset: start,
    headerBytes,
    source: ipv4Text(walk.u32(12)),
    destination: ipv4Text(walk.u32(16)),
    payloadProtocol,
    totalBytes,
    identification: walk.u16(4),
    dontFragment: (flags & 0x4000) !== 0,
    moreFragments,
    fragmentOffset,
    ttl: walk.u8(8),
  })
  if (totalBytes > available && !walk.fragment) {
    return void walk.fail('ipv4', `says ${totalBytes} bytes, ${available} are there`)
  }
  if (totalBytes < headerBytes) return void walk.fail('ipv4', `total length ${totalBytes} below its header`)
  walk.end = Math.min(walk.end, start + totalBytes)
  walk.fragment ||= moreFragments
  return fragmentOffset > 0 ? undefined : walk.following.ipProtocol.get(payloadProtocol)
}
