import { expect } from 'chai'
import { canonicalAddress } from './canonical-address.ts'
import { matches } from './filter.ts'
import { fixturePackets } from './fixture.fake.ts'
import {
  containsBytes,
  innerLayers,
  isFragment,
  layerOf,
  layersOf,
  outerIp,
  outerLayers,
  payloadOf,
} from './query.ts'
import { summarize } from './summarize.ts'
import { timestampText } from './timestamp.ts'

const swarm = fixturePackets('swarm.pcap')
const at = (number: number) => {
  const packet = swarm[number - 1]
  if (packet === undefined) throw new Error(`no packet ${number}`)
  return packet
}
const text = new TextEncoder()

describe('queries', () => {
  it('tell outer from inner', () => {
    const echo = at(32)
    expect(outerIp(echo)?.destination).to.equal('192.168.56.12')
    expect(innerLayers(echo).map(({ protocol }) => protocol)).to.include('icmp')
    expect(layersOf(echo, 'ipv4')).to.have.lengthOf(2)
    expect(layerOf(echo, 'vxlan')?.vni).to.equal(4097)
    expect(innerLayers(at(72))).to.deep.equal([])
    expect(outerLayers(at(72)).map(({ protocol }) => protocol)).to.include('esp')
    expect(outerLayers(echo).map(({ protocol }) => protocol)).to.not.include('icmp')
  })

  it('find bytes and payloads', () => {
    const reply = swarm.find((packet) => containsBytes(packet, text.encode('web.1.')))
    expect(summarize(reply ?? at(1))).to.contain('VXLAN vni 4097 [10.91.1.2:80')
    expect(containsBytes(at(1), new Uint8Array())).to.equal(false)
    const icmp = layerOf(at(32), 'icmp')
    if (icmp === undefined) throw new Error('no ICMP')
    expect(payloadOf(at(32), icmp)).to.have.lengthOf(56)
    const ethernet = layerOf(at(136), 'ethernet')
    expect(ethernet && payloadOf(at(136), ethernet)).to.have.lengthOf(28)
  })

  it('know fragments', () => {
    const parts = swarm.filter((packet) => {
      const ip = outerIp(packet)
      return ip !== undefined && isFragment(ip)
    })
    expect(parts).to.have.lengthOf(12)
  })
})

describe('summarize', () => {
  it('tells a packet in one line', () => {
    expect(summarize(at(32))).to.equal(
      '192.168.56.11 → 192.168.56.12 VXLAN vni 4097 [10.91.1.6 → 10.91.1.8 ICMP echo request seq 1]',
    )
    expect(summarize(at(72))).to.equal('192.168.56.11 → 192.168.56.12 ESP spi 0xdcfea965 seq 1')
    expect(summarize(at(7))).to.equal(
      '192.168.56.12:39162 → 192.168.56.11:2377 TCP psh,ack 88 bytes TLS application data',
    )
    expect(summarize(at(136))).to.equal('ARP who has 192.168.56.12, asks 192.168.56.11')
    expect(summarize({ layers: [], malformed: { layer: 'link', reason: 'why' } })).to.equal(
      'nothing decoded (malformed link: why)',
    )
  })

  it('has a line for every packet of every fixture', () => {
    for (const packet of [...swarm, ...fixturePackets('netns.pcap'), ...fixturePackets('cooked2.pcap')]) {
      expect(summarize(packet)).to.match(/^\S.*\S$/)
    }
  })
})

describe('matches', () => {
  const count = (filter: Parameters<typeof matches>[1]): number =>
    swarm.filter((packet) => matches(packet.layers, filter)).length

  it('wants every condition', () => {
    expect(count({ addresses: [] })).to.equal(192)
    expect(count({ addresses: [], vni: 4097 })).to.equal(24)
    expect(count({ addresses: [], spi: '0xdcfea965' })).to.equal(8)
    expect(count({ addresses: ['10.91.1.2'], vni: 4097 })).to.equal(10)
    expect(count({ addresses: ['10.91.1.2', '10.91.1.8'] })).to.equal(0)
    expect(count({ addresses: ['192.168.56.12'], vni: 4098 })).to.equal(0)
  })
})

describe('canonicalAddress', () => {
  it('writes addresses as decoded packets do', () => {
    expect(canonicalAddress('10.0.0.1')).to.equal('10.0.0.1')
    expect(canonicalAddress('FD00:0:0:42:0:0:0:1')).to.equal('fd00:0:0:42::1')
    expect(canonicalAddress('2001:db8:0:0:1:0:0:0')).to.equal('2001:db8:0:0:1::')
    expect(canonicalAddress('1:0:3:4:5:6:7:8')).to.equal('1:0:3:4:5:6:7:8')
    expect(canonicalAddress('::')).to.equal('::')
    expect(canonicalAddress('::1')).to.equal('::1')
    expect(canonicalAddress('::ffff:192.0.2.1')).to.equal('::ffff:192.0.2.1')
    expect(canonicalAddress('10.0.0')).to.equal(undefined)
    expect(canonicalAddress('fe80::1%eth0')).to.equal(undefined)
    expect(canonicalAddress('')).to.equal(undefined)
  })
})

describe('timestampText', () => {
  it('has the decimals of the capture, and a date for any second', () => {
    expect(timestampText({ seconds: 0, nanoseconds: 1, digits: 9 })).to.equal(
      '1970-01-01T00:00:00.000000001Z',
    )
    expect(timestampText({ seconds: 1_700_000_000, nanoseconds: 0, digits: 0 })).to.equal(
      '2023-11-14T22:13:20Z',
    )
    expect(timestampText({ seconds: 2 ** 63, nanoseconds: 0, digits: 6 })).to.contain('275760')
  })
})
