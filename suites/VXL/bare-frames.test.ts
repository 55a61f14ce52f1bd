import { expect } from 'chai'
import type { Packet } from '../../lib/packet/packet.ts'
import { bareKey, encapsulatedKey } from './bare-frames.ts'

const payload = Buffer.from('swarmproof')

/** Layers of a datagram whose Ethernet header starts at `offset`. */
const datagram = (offset: number, mac: string) => [
  { protocol: 'ethernet', offset, headerBytes: 14, source: mac, destination: '02:42:0a:00:01:04' },
  {
    protocol: 'ipv4',
    offset: offset + 14,
    headerBytes: 20,
    source: '10.0.1.3',
    destination: '10.0.1.4',
    identification: 7,
    ttl: 64,
    totalBytes: 28 + payload.length,
  },
  {
    protocol: 'udp',
    offset: offset + 34,
    headerBytes: 8,
    sourcePort: 40000,
    destinationPort: 7107,
    payloadBytes: payload.length,
  },
]

const packet = (layers: readonly object[], before: number) =>
  ({ layers, bytes: Buffer.concat([Buffer.alloc(before + 42), payload]) }) as unknown as Packet

const bare = (mac = '02:42:0a:00:01:03') => packet(datagram(0, mac), 0)
const wrapped = (mac = '02:42:0a:00:01:03') =>
  packet(
    [{ protocol: 'vxlan', offset: 42, headerBytes: 8, vni: 4097, vniValid: true }, ...datagram(50, mac)],
    50,
  )

describe('bare and encapsulated frames', () => {
  it('have one key where they are the same frame', () => {
    expect(bareKey(bare())).to.be.a('string').and.to.equal(encapsulatedKey(wrapped()))
  })

  it('have different keys where a MAC address differs', () => {
    expect(bareKey(bare())).to.not.equal(encapsulatedKey(wrapped('02:42:0a:00:01:09')))
  })

  it('are not taken for each other', () => {
    expect(bareKey(wrapped())).to.equal(undefined)
    expect(encapsulatedKey(bare())).to.equal(undefined)
  })
})
