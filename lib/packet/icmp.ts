import type { IcmpLayer, Protocol } from './packet.ts'
import { IpProtocol } from './numbers.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * Internet Control Message Protocol (RFC 792; next-hop MTU: RFC 1191, section 4) and its successor for
 * IPv6 (RFC 4443). The quoted packet of an error message is not decoded: it was not on this wire.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |     Type      |     Code      |          Checksum             |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |  Identifier, or unused        |  Sequence, or next-hop MTU    |   echo; "fragmentation needed"
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                             MTU                               |   ICMPv6 "packet too big"
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const HEADER_BYTES = 8

export const icmp = packetLayer({
  name: 'icmp',
  decode: decodeIcmp,
  ipProtocols: [IpProtocol.icmp],
})

export const icmpv6 = packetLayer({
  name: 'icmpv6',
  decode: decodeIcmpv6,
  ipProtocols: [IpProtocol.icmpv6],
})

function decodeIcmp(walk: Walk): Protocol | undefined {
  return decodeEither(walk, 'icmp', (type, code) => {
    if (type === 0 || type === 8) return echo(walk)
    if (type === 3 && code === 4) return { mtuBytes: walk.u16(6) }
    return {}
  })
}

function decodeIcmpv6(walk: Walk): Protocol | undefined {
  return decodeEither(walk, 'icmpv6', (type) => {
    if (type === 128 || type === 129) return echo(walk)
    if (type === 2) return { mtuBytes: walk.u32(4) }
    return {}
  })
}

type Detail = Pick<IcmpLayer, 'identifier' | 'sequence' | 'mtuBytes'>

const echo = (walk: Walk): Detail => ({ identifier: walk.u16(4), sequence: walk.u16(6) })

function decodeEither(
  walk: Walk,
  protocol: IcmpLayer['protocol'],
  detail: (type: number, code: number) => Detail,
): undefined {
  if (!walk.has(protocol, HEADER_BYTES)) return undefined
  const type = walk.u8(0)
  const code = walk.u8(1)
  walk.push({ protocol, offset: walk.offset, headerBytes: HEADER_BYTES, type, code, ...detail(type, code) })
  return undefined
}
