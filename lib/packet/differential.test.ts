import { execFileSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { expect } from 'chai'
import { fixtureNames, fixturePath, fixturePackets } from './fixture.fake.ts'
import type { Packet, Protocol } from './packet.ts'
import { layersOf } from './query.ts'
import type { LayerOf } from './query.ts'
import { timestampText } from './timestamp.ts'

/** Fields that mean the same to tshark and to us; a field that occurs twice is asked for twice. */
const fields = [
  'frame.len',
  'frame.cap_len',
  'frame.time_epoch',
  'eth.src',
  'vlan.id',
  'arp.src.proto_ipv4',
  'ip.src',
  'ip.dst',
  'ip.len',
  'ip.id',
  'ip.ttl',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.hlim',
  'udp.srcport',
  'udp.dstport',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.seq_raw',
  'tcp.len',
  'icmp.type',
  'icmp.seq',
  'icmpv6.type',
  'vxlan.vni',
  'esp.spi',
  'esp.sequence',
] as const
type Field = (typeof fields)[number]

function tshark(file: string): string[][] {
  const text = execFileSync(
    'tshark',
    [
      ...['-n', '-r', file, '-T', 'fields', '-E', 'separator=|', '-E', 'aggregator=;'],
      // Fragments one by one, as they are on the wire; VXLAN on 8472 too.
      ...[
        '-o',
        'ip.defragment:FALSE',
        '-o',
        'ipv6.defragment:FALSE',
        '-o',
        'tcp.desegment_tcp_streams:FALSE',
      ],
      ...['-d', 'udp.port==8472,vxlan'],
      ...fields.flatMap((field) => ['-e', field]),
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 },
  )
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|'))
}

/** Our value of each field, written as tshark writes it. */
const ours: Readonly<Record<Field, (packet: Packet) => (string | number)[]>> = {
  'frame.len': (packet) => [packet.originalBytes],
  'frame.cap_len': (packet) => [packet.capturedBytes],
  'frame.time_epoch': ({ timestamp }) => [
    `${timestamp.seconds}.${String(timestamp.nanoseconds).padStart(9, '0')}`,
  ],
  'eth.src': each('ethernet', (layer) => layer.source),
  'vlan.id': each('vlan', (layer) => layer.id),
  'arp.src.proto_ipv4': each('arp', (layer) => layer.senderAddress),
  'ip.src': each('ipv4', (layer) => layer.source),
  'ip.dst': each('ipv4', (layer) => layer.destination),
  'ip.len': each('ipv4', (layer) => layer.totalBytes),
  'ip.id': each('ipv4', (layer) => `0x${layer.identification.toString(16).padStart(4, '0')}`),
  'ip.ttl': each('ipv4', (layer) => layer.ttl),
  'ipv6.src': each('ipv6', (layer) => layer.source),
  'ipv6.dst': each('ipv6', (layer) => layer.destination),
  'ipv6.hlim': each('ipv6', (layer) => layer.hopLimit),
  'udp.srcport': each('udp', (layer) => layer.sourcePort),
  'udp.dstport': each('udp', (layer) => layer.destinationPort),
  'tcp.srcport': each('tcp', (layer) => layer.sourcePort),
  'tcp.dstport': each('tcp', (layer) => layer.destinationPort),
  'tcp.seq_raw': each('tcp', (layer) => layer.sequence),
  'tcp.len': each('tcp', (layer) => layer.payloadBytes),
  'icmp.type': each('icmp', (layer) => layer.type),
  'icmp.seq': each('icmp', (layer) => layer.sequence),
  'icmpv6.type': each('icmpv6', (layer) => layer.type),
  'vxlan.vni': each('vxlan', (layer) => layer.vni),
  'esp.spi': each('esp', (layer) => layer.spi),
  'esp.sequence': each('esp', (layer) => layer.sequence),
}

function each<P extends Protocol>(
  protocol: P,
  value: (layer: LayerOf<P>) => string | number | undefined,
): (packet: Packet) => (string | number)[] {
  return (packet) =>
    layersOf(packet, protocol)
      .map(value)
      .filter((found) => found !== undefined)
}

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('differential: tshark', function () {
  this.timeout(120_000)

  before(function () {
    if (has('tshark')) return
    this.test?.parent?.tests.forEach((test) => (test.title += ' (skipped: tshark is not installed)'))
    this.skip()
  })

  for (const name of fixtureNames) {
    it(`reads ${name} as tshark does`, () => {
      const theirs = tshark(fixturePath(name))
      const packets = fixturePackets(name, [4789, 8472])
      expect(packets).to.have.lengthOf(theirs.length)
      for (const packet of packets) {
        // What tshark makes of the quoted packet in an ICMP error, or behind malformed bytes, is its own.
        if (packet.malformed !== undefined) continue
        const expected = theirs[packet.number - 1] ?? []
        fields.forEach((field, index) => {
          const found = ours[field](packet).join(';')
          // tshark tells the fields that a snapped header still shows; we tell a header or none.
          if (packet.snapped !== undefined && found === '') return
          expect(found, `${name}, packet ${packet.number}, ${field}`).to.equal(expected[index])
        })
      }
    })
  }
})

describe('differential: pcap-parser', () => {
  interface TheirPacket {
    readonly header: {
      timestampSeconds: number
      timestampMicroseconds: number
      capturedLength: number
      originalLength: number
    }
    readonly data: Buffer
  }

  for (const name of ['swarm.pcap', 'netns.pcap', 'cooked.pcap'] as const) {
    it(`frames ${name} as pcap-parser does`, async () => {
      const pcapParser = createRequire(import.meta.url)('pcap-parser') as {
        parse(stream: NodeJS.ReadableStream): EventEmitter
      }
      const theirs: TheirPacket[] = []
      await new Promise<void>((resolve, reject) => {
        const parser = pcapParser.parse(createReadStream(fixturePath(name)))
        parser.on('packet', (packet: TheirPacket) => theirs.push(packet))
        parser.on('end', () => resolve())
        parser.on('error', reject)
      })
      const packets = fixturePackets(name)
      expect(
        packets.map((packet) => [
          timestampText(packet.timestamp),
          packet.originalBytes,
          Buffer.from(packet.bytes).toString('hex'),
        ]),
      ).to.deep.equal(
        theirs.map(({ header, data }) => [
          timestampText({
            seconds: header.timestampSeconds,
            nanoseconds: 1000 * header.timestampMicroseconds,
            digits: 6,
          }),
          header.originalLength,
          data.toString('hex'),
        ]),
      )
    })
  }
})
