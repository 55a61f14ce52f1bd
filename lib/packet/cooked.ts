import { macText } from './address.ts'
import type { CookedLayer, Protocol } from './packet.ts'
import type { Walk } from './walk.ts'

/*
 * Linux cooked capture, what `tcpdump -i any` writes (LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2 of the
 * tcpdump project's link-layer header registry).
 *
 *  version 1                              version 2
 *  +---------------------------+          +---------------------------+
 *  |   Packet type (2 bytes)   |          |  Protocol type (2 bytes)  |
 *  +---------------------------+          +---------------------------+
 *  |  ARPHRD_ type (2 bytes)   |          |     Reserved (2 bytes)    |
 *  +---------------------------+          +---------------------------+
 *  | Address length (2 bytes)  |          |  Interface index (4 bytes)|
 *  +---------------------------+          +---------------------------+
 *  |     Address (8 bytes)     |          |  ARPHRD_ type (2 bytes)   |
 *  +---------------------------+          +-------------+-------------+
 *  |  Protocol type (2 bytes)  |          | Packet type | Addr length |
 *  +---------------------------+          +-------------+-------------+
 *                                         |     Address (8 bytes)     |
 *                                         +---------------------------+
 */
const V1_BYTES = 16
const V2_BYTES = 20
const directions = ['in', 'broadcast', 'multicast', 'other', 'out'] as const

export function decodeCookedV1(walk: Walk): Protocol | undefined {
  if (!walk.has('cooked', V1_BYTES)) return undefined
  return keep(walk, {
    protocol: 'cooked',
    version: 1,
    offset: walk.offset,
    headerBytes: V1_BYTES,
    direction: directions[walk.u16(0)] ?? walk.u16(0),
    source: macText(walk.view, walk.offset + 6),
    etherType: walk.u16(14),
  })
}

export function decodeCookedV2(walk: Walk): Protocol | undefined {
  if (!walk.has('cooked', V2_BYTES)) return undefined
  return keep(walk, {
    protocol: 'cooked',
    version: 2,
    offset: walk.offset,
    headerBytes: V2_BYTES,
    direction: directions[walk.u8(10)] ?? walk.u8(10),
    source: macText(walk.view, walk.offset + 12),
    etherType: walk.u16(0),
    interfaceIndex: walk.u32(4),
  })
}

function keep(walk: Walk, layer: CookedLayer): Protocol | undefined {
  walk.push(layer)
  return walk.following.etherType.get(layer.etherType)
}
