import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { decode } from './decode.ts'
import { encodeDatagram, encodeIpv4, encodeVxlan } from './encode.ts'
import { PcapWriter } from './pcap-writer.ts'
import { payloadOf } from './query.ts'
import type { Packet } from './packet.ts'

const inner = {
  sourceMac: '02:42:0a:5b:01:08',
  destinationMac: '02:42:0a:5b:01:06',
  source: '10.91.1.8',
  destination: '10.91.1.6',
  sourcePort: 40_001,
  destinationPort: 7011,
}
const outer = {
  sourceMac: '52:54:00:00:02:66',
  destinationMac: '52:54:00:00:02:02',
  source: '192.168.56.66',
  destination: '192.168.56.12',
  sourcePort: 50_000,
  destinationPort: 4789,
}
/** An odd length, so that the checksums have a last byte alone. */
const text = Buffer.from('swarmproof 0123456789abcde')
const frame = encodeDatagram(outer, encodeVxlan(4097, encodeDatagram(inner, text)))

describe('encoding packets', () => {
  it('is undone by the decoder, layer by layer', () => {
    const { layers, malformed } = decode(frame)
    expect(malformed).to.equal(undefined)
    expect(layers.map((layer) => layer.protocol).join(' ')).to.equal(
      'ethernet ipv4 udp vxlan ethernet ipv4 udp',
    )
    expect(layers[1]).to.include({ source: '192.168.56.66', destination: '192.168.56.12', ttl: 64 })
    expect(layers[2]).to.include({ sourcePort: 50_000, destinationPort: 4789 })
    expect(layers[3]).to.include({ vni: 4097, vniValid: true })
    expect(layers[4]).to.include({ source: inner.sourceMac, destination: inner.destinationMac })
    expect(layers[5]).to.include({ source: '10.91.1.8', destination: '10.91.1.6' })
    expect(layers[6]).to.include({ destinationPort: 7011, payloadBytes: text.byteLength })
    const last = layers[6]
    if (last === undefined) throw new Error('no inner UDP')
    const packet = { bytes: frame, layers } as unknown as Packet
    expect(Buffer.from(payloadOf(packet, last)).toString()).to.equal(text.toString())
  })

  it('carries VNIs of all 24 bits', () => {
    for (const vni of [1, 0x1234, 0xabcdef, 0xffffff]) {
      const layer = decode(encodeDatagram(outer, encodeVxlan(vni, frame))).layers[3]
      expect(layer).to.include({ protocol: 'vxlan', vni })
    }
  })

  it('refuses what is no address', () => {
    expect(() => encodeIpv4({ source: '10.1.1', destination: '10.1.1.1', protocol: 17 }, text)).to.throw(
      "'10.1.1' is not an IPv4 address",
    )
    expect(() => encodeDatagram({ ...inner, sourceMac: '02:42:zz:00:00:00' }, text)).to.throw(
      'is not a MAC address',
    )
  })

  it('is read by tshark, which finds every checksum right', function () {
    this.timeout(20_000)
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-encode-'))
    try {
      const file = join(folder, 'made.pcap')
      const timestamp = { seconds: 1, nanoseconds: 0, digits: 9 }
      writeFileSync(file, new PcapWriter().file([{ timestamp, bytes: frame, originalBytes: frame.length }]))
      const fields = ['ip.dst', 'ip.checksum.status', 'udp.checksum.status', 'vxlan.vni', 'udp.dstport']
      const read = execFileSync(
        'tshark',
        [
          ...['-n', '-r', file, '-T', 'fields', '-E', 'separator=|', '-E', 'aggregator=;'],
          ...['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'],
          ...fields.flatMap((field) => ['-e', field]),
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      )
      // 1 is "good".
      expect(read.trim()).to.equal('192.168.56.12;10.91.1.6|1;1|1;1|4097|4789;7011')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
