import type { Protocol } from './packet.ts'
import { EtherType } from './numbers.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * IEEE 802.1Q tag, as it stands after an EtherType of 0x8100 (or 0x88a8, 0x9100 when stacked).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-----+-+-----------------------+-------------------------------+
 *  | PCP |D|        VLAN id        |       EtherType inside        |
 *  +-----+-+-----------------------+-------------------------------+
 */
const TAG_BYTES = 4

export const vlan = packetLayer({
  name: 'vlan',
  decode: decodeVlan,
  etherTypes: EtherType.vlan,
})

function decodeVlan(walk: Walk): Protocol | undefined {
  if (!walk.has('vlan', TAG_BYTES)) return undefined
  const control = walk.u16(0)
  const etherType = walk.u16(2)
  walk.push({
    protocol: 'vlan',
    offset: walk.offset,
    headerBytes: TAG_BYTES,
    id: control & 0xfff,
    priority: control >>> 13,
    etherType,
  })
  return walk.following.etherType.get(etherType)
}
