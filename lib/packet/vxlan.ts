import type { Protocol } from './packet.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * Virtual eXtensible Local Area Network (RFC 7348, section 5); an Ethernet frame follows.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |R|R|R|R|I|R|R|R|            Reserved                           |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                VXLAN Network Identifier (VNI) |   Reserved    |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const HEADER_BYTES = 8
/** Assigned by IANA; swarm's data-path port unless told otherwise. */
export const DEFAULT_VXLAN_PORTS: readonly number[] = [4789]
const VNI_VALID = 0x08
/** VXLAN inside VXLAN is met; more than a few levels are met only in forged packets. */
export const MOST_VXLAN_HEADERS = 4

export const vxlan = packetLayer({
  name: 'vxlan',
  decode: decodeVxlan,
})

function decodeVxlan(walk: Walk): Protocol | undefined {
  if (!walk.has('vxlan', HEADER_BYTES)) return undefined
  const vniValid = (walk.u8(0) & VNI_VALID) !== 0
  walk.push({
    protocol: 'vxlan',
    offset: walk.offset,
    headerBytes: HEADER_BYTES,
    vni: walk.u32(4) >>> 8,
    vniValid,
  })
  if (!vniValid) return void walk.fail('vxlan', 'the I flag is not set, so its VNI is not valid')
  const headers = walk.layers.filter((layer) => layer.protocol === 'vxlan').length
  if (headers > MOST_VXLAN_HEADERS) return void walk.fail('vxlan', `more than ${MOST_VXLAN_HEADERS} nested`)
  return 'ethernet'
}
