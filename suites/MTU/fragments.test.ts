import { expect } from 'chai'
import { frameOf } from '../../lib/conformance/wire-seen.ts'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import type { SeenFrame } from '../../lib/observation/frame.ts'
import { decode } from '../../lib/packet/decode.ts'
import { node, threeNodes } from '../three-nodes.fake.ts'
import { fragmentProblems, overlayFragments } from './fragments.ts'

const facts = threeNodes()
const [sender, receiver] = [node('worker1', 12), node('worker2', 13)]

/** An Ethernet frame with an IPv4 packet and, where the offset is 0, 16 bytes of payload that start with UDP ports. */
function frame(options: {
  protocol?: number
  port?: number
  more?: boolean
  offset?: number
  id?: number
  from?: string
  to?: string
  /** Ethernet source; the sender's own by default. */
  mac?: string
}): SeenFrame {
  const {
    protocol = 17,
    port = 4789,
    more = false,
    offset = 0,
    id = 1,
    mac = sender.macs.eth1 ?? '',
  } = options
  const { from = sender.dataPath.address, to = receiver.dataPath.address } = options
  const bytes = Buffer.alloc(14 + 20 + 16)
  Buffer.from(mac.replaceAll(':', ''), 'hex').copy(bytes, 6)
  bytes.writeUInt16BE(0x0800, 12)
  const ip = bytes.subarray(14)
  ip[0] = 0x45
  ip.writeUInt16BE(36, 2)
  ip.writeUInt16BE(id, 4)
  ip.writeUInt16BE((more ? 0x2000 : 0) | (offset / 8), 6)
  ip[8] = 64
  ip[9] = protocol
  from.split('.').forEach((part, index) => (ip[12 + index] = Number(part)))
  to.split('.').forEach((part, index) => (ip[16 + index] = Number(part)))
  ip.writeUInt16BE(40_000, 20)
  ip.writeUInt16BE(port, 22)
  ip.writeUInt16BE(1500, 24)
  const packet = {
    ...decode(bytes),
    number: 1,
    timestamp: { seconds: 0, nanoseconds: 0, digits: 6 },
    capturedBytes: bytes.length,
    originalBytes: bytes.length,
    linkType: 1,
    bytes,
  }
  return {
    ...frameOf(packet, { mac: sender.macs.eth1, words: {} }),
    seenOn: sender.name,
    file: 'captures/one.pcap',
  }
}

const fragments = (...frames: SeenFrame[]): SeenFrame[] => overlayFragments(frames, facts)

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
    expect(fragments(frame({ more: true, to: '192.0.2.77' }))).to.deep.equal([])
    expect(fragments(frame({ more: true, mac: '52:54:00:00:00:99' }))).to.deep.equal([])
  })

  it('count whatever address they leave with', () => {
    expect(fragments(frame({ more: true, from: '192.0.2.77' }))).to.have.lengthOf(1)
  })

  it('are told by who sent them to whom', () => {
    const seen = fragments(
      frame({ more: true }),
      frame({ offset: 1480 }),
      frame({ protocol: 50, more: true }),
    )
    expect(fragmentProblems(seen, facts).map(describeProblem)).to.deep.equal([
      'VXLAN left worker1 for worker2 in 2 outer fragments',
      'ESP left worker1 for worker2 in 1 outer fragments',
    ])
  })
})
