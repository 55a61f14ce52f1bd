import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { checksumsOf, type PacketChecksums } from './checksum.ts'
import { decode } from './decode.ts'
import { encodeDatagram, encodeVxlan } from './encode.ts'
import { fixtureNames, fixturePackets, fixturePath, fromHex } from './fixture.fake.ts'
import type { Packet } from './packet.ts'

const ends = {
  ...{ sourceMac: '02:42:0a:5b:01:08', destinationMac: '02:42:0a:5b:01:06' },
  ...{ source: '10.91.1.8', destination: '10.91.1.6', sourcePort: 40_001, destinationPort: 7011 },
}
const outer = { ...ends, source: '192.168.56.66', destination: '192.168.56.12', destinationPort: 4789 }
/** An odd length, so that the sum has a last byte alone. */
const text = Buffer.from('swarmproof 0123456789abcde')
const datagram = encodeDatagram(ends, text)
/** Where the inner checksum of UDP is in the inner frame, and the inner frame in the outer. */
const [udpChecksum, inside] = [40, 50]

function packet(bytes: Uint8Array, originalBytes = bytes.byteLength): Packet {
  const timestamp = { seconds: 1, nanoseconds: 0, digits: 6 }
  const read = decode(bytes, { originalBytes })
  return { number: 1, timestamp, linkType: 1, bytes, originalBytes, capturedBytes: bytes.length, ...read }
}

function wrapped(change: (view: DataView) => void = () => undefined): Uint8Array {
  const bytes = encodeDatagram(outer, encodeVxlan(4097, datagram))
  new DataView(bytes.buffer).setUint16(udpChecksum, 0)
  change(new DataView(bytes.buffer, inside))
  return bytes
}

/** A datagram and a SYN as tcpdump saw them arrive from VXLAN over a veth pair; a socket got the datagram. */
const deliveredByVeth = [
  'b64efecd93ecdac7bc45cadb08004500005310a200004011e5f4c0000201c0000202e26712b5003f5cd70800000000100100aa014408e90b62fad6c35c1d080045000021b04740004011361ac6336401c6336402c6281b5f000d548968656c6c6f',
  'b64efecd93ecdac7bc45cadb08004500006e10a300004011e5d8c0000201c0000202dac912b5005a644f0800000000100100aa014408e90b62fad6c35c1d08004500003cff7840004006e6d8c6336401c63364029b72005014392c0500000000a002fd5c54990000020405820402080a28e6dbac000000000103030a',
] as const

const seen = (bytes: Uint8Array, originalBytes?: number): PacketChecksums =>
  checksumsOf(packet(bytes, originalBytes))

describe('checksums', () => {
  it('are right outside VXLAN and inside it, where the outer datagram has none', () => {
    expect(seen(datagram)).to.deep.equal({ outer: 'right' })
    expect(seen(wrapped())).to.deep.equal({ outer: 'right', inner: 'right' })
  })

  it('are wrong after any bit was changed, of the header of IPv4, of UDP or of what it carries', () => {
    for (let at = 14; at < datagram.byteLength; at += 1) {
      // Version, header length, length and fragmentation decide whether anything can be said; 0 is none.
      if ([14, 16, 17, 20, 21, 23, 38, 39].includes(at)) continue
      const changed = wrapped((view) => view.setUint8(at, view.getUint8(at) ^ 0x10))
      expect(seen(changed), `byte ${at}`).to.deep.equal({ outer: 'right', inner: 'wrong' })
    }
  })

  it('are unfinished where only the pseudo-header was summed', () => {
    const view = new DataView(datagram.buffer, 14)
    let sum = 17 + text.byteLength + 8
    for (let at = 12; at < 20; at += 2) sum += view.getUint16(at)
    const partial = (sum & 0xffff) + (sum >>> 16)
    expect(seen(wrapped((inner) => inner.setUint16(udpChecksum, partial))).inner).to.equal('unfinished')
    expect(seen(wrapped((inner) => inner.setUint16(udpChecksum, partial + 1))).inner).to.equal('wrong')
  })

  it('are unfinished where a kernel left both to a card that does not exist, and its neighbour took them', () => {
    for (const hex of deliveredByVeth)
      expect(seen(fromHex(hex))).to.deep.equal({ outer: 'unfinished', inner: 'unfinished' })
    const changed = fromHex(deliveredByVeth[0])
    // The lifetime, which the header of IP counts alone.
    changed[22] = 9
    expect(seen(changed)).to.deep.equal({ outer: 'wrong', inner: 'unfinished' })
  })

  it('are nothing to be said of in a packet that was cut off, whatever was kept of it', () => {
    const whole = wrapped()
    for (let length = 0; length < whole.byteLength; length += 1)
      expect(seen(whole.subarray(0, length), whole.byteLength), `${length} bytes`).to.deep.equal({})
  })

  it('are nothing to be said of in a fragment', () => {
    const fragment = datagram.slice()
    new DataView(fragment.buffer).setUint16(20, 0x2000)
    expect(seen(fragment)).to.deep.equal({})
  })

  for (const name of fixtureNames)
    it(`are those that tshark finds in ${name}`, function () {
      this.timeout(20_000)
      const theirs = statusOf(name)
      for (const [index, one] of fixturePackets(name).entries()) {
        const own = Object.values(checksumsOf(one))
        const statuses = theirs[index] ?? []
        if (own.length === 0 || statuses.length === 0) continue
        // 0 is "bad"; tshark counts what is unfinished among it.
        const bad = own.some((state) => state !== 'right')
        expect(bad, `${name} ${index + 1}: ${own.join()}`).to.equal(statuses.includes('0'))
      }
    })
})

/** Of every checksum of each packet that tshark can verify. */
function statusOf(name: (typeof fixtureNames)[number]): string[][] {
  const fields = ['ip', 'tcp', 'udp', 'icmp', 'icmpv6'].map((protocol) => `${protocol}.checksum.status`)
  const printed = execFileSync(
    'tshark',
    [
      ...['-n', '-r', fixturePath(name), '-T', 'fields', '-E', 'separator=;', '-E', 'aggregator=;'],
      ...['ip', 'tcp', 'udp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]),
      ...fields.flatMap((field) => ['-e', field]),
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  )
  return printed.split('\n').map((line) => line.split(';').filter((status) => status !== ''))
}
