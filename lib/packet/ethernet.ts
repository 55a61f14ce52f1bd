import { macText } from './address.ts'
import type { Protocol } from './packet.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * Ethernet II frame, without preamble and frame check sequence (IEEE 802.3, RFC 894).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                      Destination address                      |
 *  +                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                               |                               |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
 *  |                         Source address                        |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |       EtherType / length      |            Payload …
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const HEADER_BYTES = 14

export const ethernet = packetLayer({
  name: 'ethernet',
  decode: decodeEthernet,
})

function decodeEthernet(walk: Walk): Protocol | undefined {
  if (!walk.has('ethernet', HEADER_BYTES)) return undefined
  const etherType = walk.u16(12)
  walk.push({
    protocol: 'ethernet',
    offset: walk.offset,
    headerBytes: HEADER_BYTES,
    destination: macText(walk.view, walk.offset),
    source: macText(walk.view, walk.offset + 6),
    etherType,
  })
  // Values below 0x600 are IEEE 802.3 lengths: LLC follows, which we do not decode.
  return walk.following.etherType.get(etherType)
}
