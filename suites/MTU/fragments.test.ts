import { expect } from 'chai'
import { decode } from '../../lib/packet/decode.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { overlayFragments } from './fragments.ts'

/** An Ethernet frame with an IPv4 packet and, where the offset is 0, 16 bytes of payload that start with UDP ports. */
function frame(options: {
  protocol?: number
  port?: number
  more?: boolean
  offset?: number
  id?: number
  from?: string
}): Packet {
  const { protocol = 17, port = 4789, more = false, offset = 0, id = 1, from = '192.0.2.1' } = options
  const bytes = Buffer.alloc(14 + 20 + 16)
  bytes.writeUInt16BE(0x0800, 12)
  const ip = bytes.subarray(14)
  ip[0] = 0x45
  ip.writeUInt16BE(36, 2)
  ip.writeUInt16BE(id, 4)
  ip.writeUInt16BE((more ? 0x2000 : 0) | (offset / 8), 6)
  ip[8] = 64
  ip[9] = protocol
  from.split('.').forEach((part, index) => (ip[12 + index] = Number(part)))
  ;[192, 0, 2, 2].forEach((part, index) => (ip[16 + index] = part))
  ip.writeUInt16BE(40_000, 20)
  ip.writeUInt16BE(port, 22)
  ip.writeUInt16BE(1500, 24)
  return {
    ...decode(bytes),
    number: 1,
    timestamp: { seconds: 0, nanoseconds: 0, digits: 6 },
    capturedBytes: bytes.length,
    originalBytes: bytes.length,
    linkType: 1,
    bytes,
  }
}

const fragments = (...packets: Packet[]): Packet[] =>
  overlayFragments(packets, '192.0.2.1', ['192.0.2.2'], 4789)

describe('outer fragments', () => {
  it('are none among whole packets', () => {
    expect(fragments(frame({}), frame({ protocol: 50 }))).to.deep.equal([])
  })

  it('are found by more-fragments and by offset, of VXLAN and of ESP', () => {
    expect(fragments(frame({ more: true }), frame({ offset: 1480 }))).to.have.lengthOf(2)
    expect(
      fragments(frame({ protocol: 50, more: true }), frame({ protocol: 50, offset: 1480 })),
    ).to.have.lengthOf(2)
  })

  it('are found without the first of their datagram', () => {
    expect(fragments(frame({ offset: 1480 }))).to.have.lengthOf(1)
  })

  it('of other traffic do not count', () => {
    expect(fragments(frame({ port: 53, more: true, id: 7 }), frame({ offset: 1480, id: 7 }))).to.deep.equal(
      [],
    )
    expect(fragments(frame({ protocol: 1, more: true }))).to.deep.equal([])
    expect(fragments(frame({ more: true, from: '192.0.2.77' }))).to.deep.equal([])
  })
})
