import { ipv6Text } from './address.ts'
import type { Ipv6Layer, Protocol } from './packet.ts'
import { EtherType } from './numbers.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * Internet Protocol version 6 (RFC 8200, section 3) with its extension headers (section 4).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |Version| Traffic Class |           Flow Label                  |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |         Payload Length        |  Next Header  |   Hop Limit   |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                  Source Address (16 bytes)                    |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                Destination Address (16 bytes)                 |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * Fragment header (section 4.5):
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |  Next Header  |   Reserved    |      Fragment Offset    |Res|M|
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                         Identification                        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const FIXED_BYTES = 40
const FRAGMENT = 44
const AUTHENTICATION = 51

export const ipv6 = packetLayer({
  name: 'ipv6',
  decode: decodeIpv6,
  etherTypes: [EtherType.ipv6],
  addresses: ({ source, destination }) => [source, destination],
})

function decodeIpv6(walk: Walk): Protocol | undefined {
  if (!walk.has('ipv6', FIXED_BYTES)) return undefined
  const version = walk.u8(0) >>> 4
  if (version !== 6) return void walk.fail('ipv6', `version ${version}`)

  const start = walk.offset
  const available = walk.end - start
  // 0 stands for a jumbogram, or for a segment that the card will still split.
  const totalBytes = walk.u16(4) === 0 && walk.u8(6) !== 59 ? available : FIXED_BYTES + walk.u16(4)
  const lies = totalBytes > available && !walk.fragment
  if (!lies) walk.end = Math.min(walk.end, start + totalBytes)
  const chain = lies ? { next: walk.u8(6), headerBytes: FIXED_BYTES } : extensionHeaders(walk)
  walk.offset = start
  walk.push({
    protocol: 'ipv6',
    offset: start,
    headerBytes: chain.headerBytes,
    source: ipv6Text(walk.view, start + 8),
    destination: ipv6Text(walk.view, start + 24),
    payloadProtocol: chain.next,
    totalBytes,
    hopLimit: walk.u8(7),
    ...(chain.fragment && { fragment: chain.fragment }),
  })
  if (lies) walk.fail('ipv6', `says ${totalBytes} bytes, ${available} are there`)
  if (walk.malformed !== undefined || walk.snapped !== undefined) return undefined
  walk.fragment ||= chain.fragment?.moreFragments ?? false
  return isLaterFragment(chain) ? undefined : walk.following.ipProtocol.get(chain.next)
}

interface HeaderChain {
  /** Protocol of what follows the last header that could be read. */
  next: number
  headerBytes: number
  fragment?: NonNullable<Ipv6Layer['fragment']>
}

const isLaterFragment = (chain: HeaderChain): boolean => (chain.fragment?.offset ?? 0) > 0

/** Hop-by-hop, routing, destination options, mobility, host identity, shim6: a next header and a length. */
const sized: ReadonlySet<number> = new Set([0, 43, 60, 135, 139, 140])

function extensionHeaders(walk: Walk): HeaderChain {
  const start = walk.offset
  const chain: HeaderChain = { next: walk.u8(6), headerBytes: FIXED_BYTES }
  while (!isLaterFragment(chain)) {
    const kind = chain.next
    if (!sized.has(kind) && kind !== FRAGMENT && kind !== AUTHENTICATION) break
    walk.offset = start + chain.headerBytes
    if (!walk.has('ipv6', 8)) break
    const bytes =
      kind === FRAGMENT ? 8 : kind === AUTHENTICATION ? (walk.u8(1) + 2) * 4 : (walk.u8(1) + 1) * 8
    if (!walk.has('ipv6', bytes)) break
    if (kind === FRAGMENT) {
      const field = walk.u16(2)
      chain.fragment = {
        offset: field & 0xfff8,
        moreFragments: (field & 1) === 1,
        identification: walk.u32(4),
      }
    }
    chain.next = walk.u8(0)
    chain.headerBytes += bytes
  }
  return chain
}
