import { expect } from 'chai'
import { decode } from '../packet/decode.ts'
import { encodeEthernet, encodeIpv4, encodeUdp, encodeVxlan } from '../packet/encode.ts'
import type { Packet } from '../packet/packet.ts'
import { frameOf } from './wire-seen.ts'

const [mac, peer] = ['52:54:00:00:00:12', '52:54:00:00:00:11']

function packetOf(bytes: Uint8Array): Packet {
  return {
    ...{ number: 7, timestamp: { seconds: 1, nanoseconds: 500_000_000, digits: 9 }, linkType: 1, bytes },
    ...{ capturedBytes: bytes.length, originalBytes: bytes.length, ...decode(bytes) },
  }
}

const inner = (source = '02:42:0a:00:01:03'): Buffer => {
  const ends = { source: '10.0.1.3', destination: '10.0.1.4' }
  const udp = encodeUdp({ ...ends, sourcePort: 40000, destinationPort: 7107 }, Buffer.from('swarmproof word'))
  const macs = { source, destination: '02:42:0a:00:01:04', etherType: 0x0800 }
  return Buffer.from(encodeEthernet(macs, encodeIpv4({ ...ends, protocol: 17 }, udp)))
}

function wrapped(frame: Uint8Array, source = '192.168.56.12'): Packet {
  const hosts = { source, destination: '192.168.56.11' }
  const udp = encodeUdp({ ...hosts, sourcePort: 49152, destinationPort: 4789 }, encodeVxlan(4097, frame))
  const macs = { source: mac, destination: peer, etherType: 0x0800 }
  return packetOf(encodeEthernet(macs, encodeIpv4({ ...hosts, protocol: 17 }, udp)))
}

describe('packets as data', () => {
  const options = { mac, words: { known: 'swarmproof word', other: 'nothing' } }

  it('hold addresses, ports, VNI, and the names of words that were found', () => {
    const frame = frameOf(wrapped(inner()), options)
    expect(frame).to.deep.include({ index: 7, at: 1.5, egress: true, matched: ['known'] })
    expect(frame.vxlan).to.deep.equal({ vni: 4097, valid: true })
    expect(frame.udp).to.deep.equal({ from: 49152, to: 4789 })
    expect(frame.inner?.ip).to.deep.include({ source: '10.0.1.3', destination: '10.0.1.4' })
    expect(JSON.stringify(frame)).to.not.include('swarmproof')
  })

  it('left a host by their Ethernet source, whatever their outer address is', () => {
    expect(frameOf(wrapped(inner(), '192.0.2.99'), options).egress).to.equal(true)
    expect(frameOf(wrapped(inner()), { ...options, mac: peer }).egress).to.equal(false)
  })

  it('have one digest on both sides of the underlay, and another where a byte differs', () => {
    const [one, same, other] = [inner(), inner(), inner('02:42:0a:00:01:09')].map((frame) =>
      frameOf(wrapped(frame), options),
    )
    expect(one?.digest).to.equal(same?.digest)
    expect(one?.digest).to.not.equal(other?.digest)
    expect(frameOf(wrapped(inner(), '192.0.2.99'), options).digest).to.equal(one?.digest)
  })

  it('are the same frame bare and encapsulated, but for another MAC address', () => {
    const bare = frameOf(packetOf(inner()), options)
    expect(bare.innermost)
      .to.be.a('string')
      .and.to.equal(frameOf(wrapped(inner()), options).innermost)
    expect(bare.innermost).to.not.equal(frameOf(wrapped(inner('02:42:0a:00:01:09')), options).innermost)
  })
})
