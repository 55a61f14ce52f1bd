import { expect } from 'chai'
import type { Packet } from '../../lib/packet/packet.ts'
import { tcpStreams } from './tcp-stream.ts'

interface Sent {
  readonly sequence: number
  readonly text?: string
  readonly atMs?: number
  readonly syn?: boolean
  readonly from?: string
}

let number = 0
function segment({ sequence, text = '', atMs = 0, syn = false, from = '192.0.2.1' }: Sent): Packet {
  const payload = Buffer.from(text)
  const flags = { syn, ack: !syn, fin: false, rst: false, psh: true, urg: false }
  return {
    number: (number += 1),
    timestamp: { seconds: Math.floor(atMs / 1000), nanoseconds: (atMs % 1000) * 1e6, digits: 6 },
    linkType: 101,
    capturedBytes: payload.length,
    originalBytes: payload.length,
    layers: [
      {
        protocol: 'ipv4',
        source: from,
        destination: '192.0.2.9',
        payloadProtocol: 6,
        totalBytes: 40 + payload.length,
        identification: 0,
        dontFragment: true,
        moreFragments: false,
        fragmentOffset: 0,
        ttl: 64,
        offset: 0,
        headerBytes: 0,
      },
      {
        protocol: 'tcp',
        sourcePort: 40_000,
        destinationPort: 2377,
        sequence: sequence >>> 0,
        acknowledgement: 0,
        flags,
        payloadBytes: payload.length,
        offset: 0,
        headerBytes: 0,
      },
    ],
    bytes: payload,
  }
}

const runsOf = (packets: readonly Packet[]): string[] =>
  tcpStreams(packets).flatMap(({ runs }) => runs.map(({ bytes }) => bytes.toString()))

describe('tcpStreams', () => {
  it('puts segments together in sequence order, whatever order they came in', () => {
    expect(
      runsOf([segment({ sequence: 104, text: 'tail' }), segment({ sequence: 100, text: 'head' })]),
    ).to.deep.equal(['headtail'])
  })

  it('takes what was sent twice once, also when it overlaps', () => {
    const sent = [
      segment({ sequence: 100, text: 'abcd' }),
      segment({ sequence: 100, text: 'abcd' }),
      segment({ sequence: 102, text: 'cdef' }),
      segment({ sequence: 101, text: 'bc' }),
    ]
    expect(runsOf(sent)).to.deep.equal(['abcdef'])
  })

  it('goes on across the wrap of sequence numbers', () => {
    const sent = [segment({ sequence: 0xffff_fffe, text: 'ab' }), segment({ sequence: 0, text: 'cd' })]
    expect(runsOf(sent)).to.deep.equal(['abcd'])
  })

  it('begins a new run behind a gap', () => {
    const sent = [segment({ sequence: 100, text: 'ab' }), segment({ sequence: 110, text: 'cd' })]
    expect(runsOf(sent)).to.deep.equal(['ab', 'cd'])
  })

  it('knows whether it saw the start', () => {
    const syn = segment({ sequence: 99, syn: true })
    expect(tcpStreams([syn, segment({ sequence: 100, text: 'a' })])[0]?.fromStart).to.equal(true)
    expect(tcpStreams([syn, segment({ sequence: 105, text: 'a' })])[0]?.fromStart).to.equal(false)
    expect(tcpStreams([segment({ sequence: 100, text: 'a' })])[0]?.fromStart).to.equal(false)
  })

  it('marks where the sender had paused, but not what it sent again', () => {
    const sent = [
      segment({ sequence: 100, text: 'abcd', atMs: 0 }),
      segment({ sequence: 104, text: 'ef', atMs: 10 }),
      segment({ sequence: 104, text: 'ef', atMs: 900 }),
      segment({ sequence: 106, text: 'gh', atMs: 2000 }),
    ]
    expect(tcpStreams(sent)[0]?.runs[0]?.afterPause).to.deep.equal([6])
  })

  it('keeps the two directions and different senders apart', () => {
    const sent = [segment({ sequence: 1, text: 'a' }), segment({ sequence: 1, text: 'b', from: '192.0.2.7' })]
    expect(runsOf(sent)).to.deep.equal(['a', 'b'])
  })
})
