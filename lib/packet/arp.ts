import { ipv4Text, macText } from './address.ts'
import type { Protocol } from './packet.ts'
import { EtherType } from './numbers.ts'
import { packetLayer } from './packet-layer.ts'
import type { Walk } from './walk.ts'

/*
 * Address resolution for IPv4 over Ethernet (RFC 826).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |     Hardware type (1)         |    Protocol type (0x0800)     |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  | HW length (6) | Pr length (4) |           Operation           |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |  Sender hardware address (6 bytes), sender address (4 bytes)  |
 *  |  Target hardware address (6 bytes), target address (4 bytes)  |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const BYTES = 28

export const arp = packetLayer({
  name: 'arp',
  decode: decodeArp,
  etherTypes: [EtherType.arp],
  addresses: ({ senderAddress, targetAddress }) => [senderAddress, targetAddress],
})

function decodeArp(walk: Walk): Protocol | undefined {
  if (!walk.has('arp', BYTES)) return undefined
  if (walk.u32(0) !== 0x0001_0800 || walk.u16(4) !== 0x0604) {
    walk.fail('arp', 'not IPv4 over Ethernet')
    return undefined
  }
  const operation = walk.u16(6)
  walk.push({
    protocol: 'arp',
    offset: walk.offset,
    headerBytes: BYTES,
    operation: operation === 1 ? 'request' : operation === 2 ? 'reply' : operation,
    senderMac: macText(walk.view, walk.offset + 8),
    senderAddress: ipv4Text(walk.u32(14)),
    targetMac: macText(walk.view, walk.offset + 18),
    targetAddress: ipv4Text(walk.u32(24)),
  })
  return undefined
}
