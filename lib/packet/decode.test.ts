import { expect } from 'chai'
import { decode } from './decode.ts'
import { fixtureNames, fixturePackets, fromHex, seeded } from './fixture.fake.ts'
import type { Layer } from './packet.ts'

/** Frames as captured: on the underlay of a swarm, and in network namespaces. */
const vxlanEcho = fromHex(`525400000202525400000201080045000086495e000040113fa1c0a8380bc0a8380c
  b89d12b5007215f7080000000010010002420a5b010802420a5b01060800450000549a9740004001894e0a5b01060a5b0108
  0800227700010001f73f016b000000001609080000000000101112131415161718191a1b1c1d1e1f20212223242526272829
  2a2b2c2d2e2f3031323334353637`)
const tls =
  fromHex(`52540000020152540000020208004500008c3a19400040060eebc0a8380cc0a8380b98fa09496957ee24af9953d3
  8018020c3ebb00000101080a0bb40a9ce01fdd5717030300536522c6ed2583bab5765ed3999f159b11396c2b4f4a4a6ed3f0dab1
  f8653cd92063c08946e5a8dca2c668d2c213191ac26874cf7d79b2fc8c262b8575fec99241ab987217a7879c06750003d98a9750
  b390f8ff`)
const esp =
  fromHex(`5254000002025254000002010800450000a049a4000040323f20c0a8380bc0a8380cdcfea96500000001830bc627
  7989ebd3f4feb122084eb80ec2de2967b08b06cf0e7c28ae37cfbbaf7a7701a0ba6040c4e614cb9e6aeeca034f76dbacab21fcc5
  bd3859c757688a3b1a472ee6992c0a849ae022661db71644c420d112663640e6b492b2b1eeff33dd011dfb4e5d97c09922d2ed4d
  45283c1ca5f18dccf478c11f1e33c225cbc4f08c1c21ce10`)
const synAck =
  fromHex(`52540000020352540000020108004500003c0000400040064953c0a8380bc0a8380d1f0aa1c66b276f9d252ce01f
  a012fe88acee0000020405b40402080ae6e67484096da55501030307`)
const stackedVlan =
  fromHex(`e61d54b34ad96e07ce7bd4b581000005810000070800450000546fc8400040017676c6336401c6336402
  0800ca7816cc0001574a016b00000000f0310f0000000000101112131415161718191a1b1c1d1e1f202122232425262728292a2b
  2c2d2e2f3031323334353637`)
const arpReply = fromHex(
  `52540000020152540000020208060001080006040002525400000202c0a8380c525400000201c0a8380b`,
)
const listenerReport = fromHex(`333300000016e61d54b34ad9810000058100000786dd6000000000240001fe80000000000000
  e41d54fffeb34ad9ff0200000000000000000000000000163a000502000001008f00a2d20000000104000000ff0200000000000000
  000001ffb34ad9`)
const lastFragment =
  fromHex(`e61d54b34ad96e07ce7bd4b5080045000046bcdf00b94011390bc0000201c00002028e8f90919293949596
  9798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf`)

const chain = (layers: readonly Layer[]): string => layers.map((layer) => layer.protocol).join(' ')

function only<P extends Layer['protocol']>(bytes: Uint8Array, protocol: P): Extract<Layer, { protocol: P }> {
  const found = decode(bytes).layers.find((layer) => layer.protocol === protocol)
  if (found === undefined) throw new Error(`no ${protocol}`)
  return found as Extract<Layer, { protocol: P }>
}

/** With 16-bit fields replaced: the ways a frame can lie. */
function changed(bytes: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const copy = Buffer.from(bytes)
  for (const [at, value] of Object.entries(changes)) copy.writeUInt16BE(value, Number(at))
  return new Uint8Array(copy)
}

describe('decode', () => {
  it('reads VXLAN and the frame inside', () => {
    const { layers, malformed } = decode(vxlanEcho)
    expect(malformed).to.equal(undefined)
    expect(chain(layers)).to.equal('ethernet ipv4 udp vxlan ethernet ipv4 icmp')
    expect(layers[0]).to.include({ source: '52:54:00:00:02:01', destination: '52:54:00:00:02:02' })
    expect(layers[1]).to.include({
      source: '192.168.56.11',
      destination: '192.168.56.12',
      totalBytes: 134,
      ttl: 64,
    })
    expect(layers[2]).to.include({ sourcePort: 47261, destinationPort: 4789, payloadBytes: 106 })
    expect(layers[3]).to.deep.equal({
      protocol: 'vxlan',
      offset: 42,
      headerBytes: 8,
      vni: 4097,
      vniValid: true,
    })
    expect(layers[5]).to.include({ source: '10.91.1.6', destination: '10.91.1.8', dontFragment: true })
    expect(layers[6]).to.include({ type: 8, code: 0, identifier: 1, sequence: 1 })
  })

  it('takes UDP for VXLAN only on the ports it is told', () => {
    expect(chain(decode(vxlanEcho, { vxlanPorts: [8472] }).layers)).to.equal('ethernet ipv4 udp')
    const own = changed(vxlanEcho, { 36: 7777 })
    expect(chain(decode(own).layers)).to.equal('ethernet ipv4 udp')
    expect(chain(decode(own, { vxlanPorts: [4789, 7777] }).layers)).to.contain('udp vxlan ethernet ipv4 icmp')
  })

  it('does not believe a VNI whose I flag is not set', () => {
    const { layers, malformed } = decode(changed(vxlanEcho, { 42: 0 }))
    expect(chain(layers)).to.equal('ethernet ipv4 udp vxlan')
    expect(layers[3]).to.include({ vniValid: false })
    expect(malformed?.layer).to.equal('vxlan')
  })

  it('reads TCP with options and the TLS record header behind', () => {
    expect(chain(decode(tls).layers)).to.equal('ethernet ipv4 tcp tls')
    expect(only(tls, 'tcp')).to.deep.include({
      sourcePort: 39162,
      destinationPort: 2377,
      sequence: 0x6957ee24,
      headerBytes: 32,
      payloadBytes: 88,
      flags: { syn: false, ack: true, fin: false, rst: false, psh: true, urg: false },
    })
    expect(only(tls, 'tls')).to.include({ contentType: 23, version: 0x0303, recordBytes: 83 })
    expect(only(synAck, 'tcp').flags).to.include({ syn: true, ack: true })
  })

  it('reads ESP', () => {
    expect(only(esp, 'esp')).to.include({ spi: '0xdcfea965', sequence: 1, payloadBytes: 132 })
  })

  it('reads stacked VLAN tags', () => {
    const { layers } = decode(stackedVlan)
    expect(chain(layers)).to.equal('ethernet vlan vlan ipv4 icmp')
    expect(layers[1]).to.include({ id: 5, priority: 0, etherType: 0x8100 })
    expect(layers[2]).to.include({ id: 7, etherType: 0x0800 })
  })

  it('reads ARP', () => {
    expect(only(arpReply, 'arp')).to.include({
      operation: 'reply',
      senderMac: '52:54:00:00:02:02',
      senderAddress: '192.168.56.12',
      targetMac: '52:54:00:00:02:01',
      targetAddress: '192.168.56.11',
    })
  })

  it('reads IPv6 behind extension headers', () => {
    expect(only(listenerReport, 'ipv6')).to.include({
      source: 'fe80::e41d:54ff:feb3:4ad9',
      destination: 'ff02::16',
      payloadProtocol: 58,
      headerBytes: 48,
      totalBytes: 76,
    })
    expect(only(listenerReport, 'icmpv6')).to.include({ type: 143 })
  })

  it('leaves the payload of a later fragment alone', () => {
    expect(chain(decode(lastFragment).layers)).to.equal('ethernet ipv4')
    expect(only(lastFragment, 'ipv4')).to.include({
      fragmentOffset: 1480,
      moreFragments: false,
      identification: 48351,
    })
  })

  it('reads the headers in a first fragment although the rest is elsewhere', () => {
    const first = fixturePackets('netns.pcap', [8472]).find((packet) =>
      packet.layers.some(
        (layer) => layer.protocol === 'ipv4' && layer.moreFragments && layer.payloadProtocol === 17,
      ),
    )
    expect(chain(first?.layers ?? [])).to.equal('ethernet ipv4 udp vxlan ethernet ipv4 icmp')
    expect(first?.malformed).to.equal(undefined)
  })

  it('says what contradicts itself and keeps what stands before', () => {
    const lies: [string, Uint8Array, string, string][] = [
      ['IPv4 version', changed(vxlanEcho, { 14: 0x5500 }), 'ipv4', 'ethernet'],
      ['IPv4 header length', changed(vxlanEcho, { 14: 0x4400 }), 'ipv4', 'ethernet'],
      ['IPv4 total length', changed(vxlanEcho, { 16: 9000 }), 'ipv4', 'ethernet ipv4'],
      ['UDP length', changed(vxlanEcho, { 38: 4 }), 'udp', 'ethernet ipv4 udp'],
      ['inner IPv4 version', changed(vxlanEcho, { 64: 0x0500 }), 'ipv4', 'ethernet ipv4 udp vxlan ethernet'],
      ['TCP header length', changed(tls, { 46: 0x1018 }), 'tcp', 'ethernet ipv4'],
      ['ARP hardware', changed(arpReply, { 14: 7 }), 'arp', 'ethernet'],
    ]
    for (const [what, bytes, layer, kept] of lies) {
      const decoded = decode(bytes)
      expect(decoded.malformed?.layer, what).to.equal(layer)
      expect(chain(decoded.layers), what).to.equal(kept)
    }
  })

  it('takes a total length of 0 for a segment the card will split', () => {
    expect(only(changed(tls, { 16: 0 }), 'tcp')).to.include({ payloadBytes: 88 })
  })

  it('says that it does not know a link type', () => {
    const { layers, malformed } = decode(vxlanEcho, { linkType: 147 })
    expect(layers).to.deep.equal([])
    expect(malformed).to.deep.equal({ layer: 'link', reason: 'link type 147 is not decoded' })
  })

  it('reads raw IP by its version', () => {
    expect(chain(decode(vxlanEcho.subarray(14), { linkType: 101 }).layers)).to.contain('ipv4 udp vxlan')
    expect(chain(decode(listenerReport.subarray(22), { linkType: 101 }).layers)).to.equal('ipv6 icmpv6')
    expect(decode(new Uint8Array([0x70]), { linkType: 101 }).malformed?.layer).to.equal('link')
  })

  it('ends somewhere in VXLAN inside VXLAN inside VXLAN …', () => {
    const shell = vxlanEcho.subarray(0, 50)
    const nested = new Uint8Array(50 * 1000)
    for (let at = 0; at < nested.length; at += 50) {
      nested.set(changed(shell, { 16: nested.length - at - 14, 38: nested.length - at - 34 }), at)
    }
    expect(decode(nested).malformed).to.include({ layer: 'vxlan' })
  })
})

describe('decode, cut anywhere', () => {
  for (const name of fixtureNames) {
    it(`keeps the layers before the cut in ${name}`, () => {
      for (const { bytes, linkType, layers } of fixturePackets(name, [4789, 8472])) {
        const whole = chain(layers)
        for (let length = 0; length <= Math.min(bytes.length, 200); length++) {
          const part = bytes.subarray(0, length)
          const options = { linkType, vxlanPorts: [4789, 8472] }
          expect(whole.startsWith(chain(decode(part, options).layers)), `${whole} at ${length}`).to.equal(
            true,
          )
          const snapped = decode(part, { ...options, originalBytes: bytes.length })
          expect(whole.startsWith(chain(snapped.layers)), `${whole} snapped at ${length}`).to.equal(true)
        }
      }
    })
  }

  it('does not call a packet malformed because the capture kept less of it', () => {
    for (const { bytes, malformed } of fixturePackets('swarm.pcap')) {
      expect(malformed).to.equal(undefined)
      for (let length = 0; length < Math.min(bytes.length, 120); length++) {
        const { malformed: fault } = decode(bytes.subarray(0, length), { originalBytes: bytes.length })
        expect(fault, `at ${length}`).to.equal(undefined)
      }
    }
  })

  it('calls a packet malformed that was sent too short', () => {
    for (const frame of [vxlanEcho, tls, esp, arpReply, stackedVlan, listenerReport]) {
      for (let length = 0; length < frame.length; length++) {
        expect(decode(frame.subarray(0, length)).malformed, `at ${length}`).to.not.equal(undefined)
      }
    }
  })
})

describe('decode, corrupted', () => {
  it('never throws, whatever the bytes', () => {
    const random = seeded(1)
    const packets = fixtureNames.flatMap((name) => fixturePackets(name))
    for (let round = 0; round < 30_000; round++) {
      const { bytes, linkType } = packets[random(packets.length)] ?? { bytes: vxlanEcho, linkType: 1 }
      const copy = bytes.slice(0, random(bytes.length + 1))
      for (let change = random(6); change >= 0; change--)
        copy[random(Math.min(copy.length, 120))] = random(256)
      const originalBytes = random(3) === 0 ? copy.length + random(2000) : copy.length
      const decoded = decode(copy, { linkType, originalBytes, vxlanPorts: [4789, 8472] })
      for (const layer of decoded.layers) {
        expect(layer.offset + layer.headerBytes).to.be.at.most(copy.length)
      }
    }
  })

  it('never throws on noise, of any link type', () => {
    const random = seeded(2)
    for (let round = 0; round < 10_000; round++) {
      const noise = Uint8Array.from({ length: random(120) }, () => random(256))
      for (const linkType of [1, 12, 101, 113, 228, 229, 276, 147]) decode(noise, { linkType })
    }
  })
})
