import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { CaptureReader, NotACaptureError } from './capture-reader.ts'
import { fixtureBytes, fixtureNames, fixturePackets, seeded } from './fixture.fake.ts'
import { PacketStream, readPackets } from './packet-stream.ts'
import type { Packet } from './packet.ts'
import { PcapWriter } from './pcap-writer.ts'
import type { CaptureSummary } from './record.ts'
import { timestampText } from './timestamp.ts'

function read(file: Uint8Array, chunkBytes = file.length): { packets: Packet[]; summary: CaptureSummary } {
  const stream = new PacketStream()
  const packets: Packet[] = []
  for (let at = 0; at < file.length; at += chunkBytes) {
    packets.push(...stream.push(file.subarray(at, at + chunkBytes)))
  }
  const rest = stream.end()
  return { packets: [...packets, ...rest.packets], summary: rest.summary }
}

/** Told apart by what they are, not by where they stand. */
const essence = (packets: readonly Packet[]): string[] =>
  packets.map((packet) => `${timestampText(packet.timestamp)} ${Buffer.from(packet.bytes).toString('hex')}`)

interface Variant {
  readonly little: boolean
  readonly nanoseconds: boolean
}

/** The same packets in any of the four kinds of pcap file. */
function pcap(packets: readonly Packet[], { little, nanoseconds }: Variant, change = noChange): Uint8Array {
  const header = Buffer.alloc(24)
  const u32 = (buffer: Buffer, value: number, at: number): unknown =>
    little ? buffer.writeUInt32LE(value, at) : buffer.writeUInt32BE(value, at)
  u32(header, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 0)
  u32(header, 262_144, 16)
  u32(header, 1, 20)
  const parts = [header]
  packets.forEach((packet, index) => {
    const record = Buffer.alloc(16)
    const { seconds, nanoseconds: fraction } = packet.timestamp
    u32(record, seconds, 0)
    u32(record, nanoseconds ? fraction : Math.floor(fraction / 1000), 4)
    u32(record, change(index, packet.bytes.length), 8)
    u32(record, packet.originalBytes, 12)
    parts.push(record, Buffer.from(packet.bytes))
  })
  return new Uint8Array(Buffer.concat(parts))
}

const noChange = (_: number, length: number): number => length

function block(little: boolean, type: number, body: Buffer): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)])
  const frame = Buffer.alloc(8)
  const end = Buffer.alloc(4)
  const length = padded.length + 12
  if (little) {
    frame.writeUInt32LE(type, 0)
    frame.writeUInt32LE(length, 4)
    end.writeUInt32LE(length, 0)
  } else {
    frame.writeUInt32BE(type, 0)
    frame.writeUInt32BE(length, 4)
    end.writeUInt32BE(length, 0)
  }
  return Buffer.concat([frame, padded, end])
}

/** Numbers of 2 ('h'), 4 ('i') and 8 ('q') bytes, one after the other. */
function pack(little: boolean, shape: string, ...values: (number | bigint)[]): Buffer {
  const parts = [...shape].map((kind, index) => {
    const part = Buffer.alloc(kind === 'h' ? 2 : kind === 'i' ? 4 : 8)
    const value = BigInt(values[index] ?? 0)
    if (kind === 'q') part.writeBigInt64BE(value)
    else part.writeUIntBE(Number(value), 0, part.length)
    return little ? part.reverse() : part
  })
  return Buffer.concat(parts)
}

interface InterfaceOptions {
  readonly resolution?: number
  readonly offsetSeconds?: number
  readonly snapshotBytes?: number
}

const section = (little: boolean): Buffer =>
  block(little, 0x0a0d0d0a, pack(little, 'ihhq', 0x1a2b3c4d, 1, 0, -1))

function description(little: boolean, linkType: number, options: InterfaceOptions = {}): Buffer {
  const parts = [pack(little, 'hhi', linkType, 0, options.snapshotBytes ?? 0)]
  if (options.resolution !== undefined) {
    parts.push(pack(little, 'hh', 9, 1), Buffer.from([options.resolution, 0, 0, 0]))
  }
  if (options.offsetSeconds !== undefined) parts.push(pack(little, 'hhq', 14, 8, options.offsetSeconds))
  parts.push(pack(little, 'hh', 0, 0))
  return block(little, 1, Buffer.concat(parts))
}

function enhanced(little: boolean, index: number, ticks: bigint, bytes: Uint8Array): Buffer {
  const [high, low] = [ticks >> 32n, ticks & 0xffff_ffffn]
  const head = pack(little, 'iiiii', index, high, low, bytes.length, bytes.length)
  return block(little, 6, Buffer.concat([head, Buffer.from(bytes)]))
}

const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

const packets = fixturePackets('swarm.pcap').slice(0, 40)
const variants: readonly Variant[] = [true, false].flatMap((little) =>
  [true, false].map((nanoseconds) => ({ little, nanoseconds })),
)

describe('CaptureReader', () => {
  for (const variant of variants) {
    const name = `${variant.nanoseconds ? 'nano' : 'micro'}second pcap, ${variant.little ? 'little' : 'big'}-endian`
    it(`reads ${name}`, () => {
      const { packets: found, summary } = read(pcap(packets, variant))
      expect(summary).to.deep.equal({
        format: 'pcap',
        byteOrder: variant.little ? 'little-endian' : 'big-endian',
        packets: 40,
      })
      expect(found[0]?.timestamp.digits).to.equal(variant.nanoseconds ? 9 : 6)
      expect(found.map((packet) => packet.bytes)).to.deep.equal(packets.map((packet) => packet.bytes))
      expect(found.map(({ timestamp }) => [timestamp.seconds, timestamp.nanoseconds])).to.deep.equal(
        packets.map(({ timestamp }) => [timestamp.seconds, timestamp.nanoseconds]),
      )
    })
  }

  it('reads the same whatever the chunks', () => {
    for (const name of fixtureNames) {
      const file = fixtureBytes(name)
      const whole = essence(read(file).packets)
      for (const chunkBytes of [1, 2, 3, 7, 16, 24, 61, 1000, 4096, 65_536]) {
        expect(essence(read(file, chunkBytes).packets), `${name} by ${chunkBytes}`).to.deep.equal(whole)
      }
    }
  })

  it('says so when a file ends early, wherever it does', () => {
    for (const file of [
      pcap(packets.slice(0, 3), { little: true, nanoseconds: false }),
      fixtureBytes('interfaces.pcapng').subarray(0, 900),
    ]) {
      const whole = essence(read(file).packets)
      const ends = new Set<number>()
      for (let length = 4; length <= file.length; length++) {
        const { packets: found, summary } = read(file.subarray(0, length))
        expect(whole.slice(0, found.length), `at ${length}`).to.deep.equal(essence(found))
        if (summary.truncated === undefined) ends.add(length)
      }
      // Only where a record or block ends is a shorter file a whole one.
      expect(ends.size).to.be.within(1, 12)
    }
  })

  it('says where a file ends early', () => {
    const file = pcap(packets.slice(0, 2), { little: true, nanoseconds: false })
    expect(read(file.subarray(0, 10)).summary.truncated).to.equal(
      'the file ends inside its header: 10 of 24 bytes',
    )
    expect(read(file.subarray(0, file.length - 1)).summary.truncated).to.match(
      /^record 2 at byte \d+ has \d+ of its \d+ bytes, then the file ends$/,
    )
  })

  it('goes on behind a record that claims more than can be', () => {
    for (const claim of [0xffff_ffff, 262_145, 1_000_000]) {
      const change = (index: number, length: number): number => (index === 10 ? claim : length)
      const { packets: found, summary } = read(
        pcap(packets, { little: true, nanoseconds: false }, change),
        512,
      )
      expect(found).to.have.lengthOf(39)
      expect(summary.truncated).to.match(/^record 11 at byte \d+ claims \d+ captured bytes/)
      expect(essence(found.slice(10))).to.deep.equal(essence(packets.slice(11)))
    }
  })

  it('goes on behind a record that claims its neighbours', () => {
    const change = (index: number, length: number): number => (index === 10 ? 2000 : length)
    const { packets: found, summary } = read(pcap(packets, { little: true, nanoseconds: false }, change))
    expect(summary.truncated).to.match(
      /^record 11 at byte \d+ claims 2000 captured bytes of a packet of \d+; \d+ bytes skipped$/,
    )
    expect(essence(found.slice(10))).to.deep.equal(essence(packets.slice(11)))
  })

  it('believes a writer that states original lengths too small', () => {
    const small = packets.map((packet) => ({ ...packet, originalBytes: 0 }))
    const { packets: found, summary } = read(pcap(small, { little: false, nanoseconds: true }), 100)
    expect(summary.truncated).to.equal(undefined)
    expect(found.map((packet) => packet.originalBytes)).to.deep.equal(
      packets.map((packet) => packet.bytes.length),
    )
  })

  it('survives any corruption, and never loses what stands before it', () => {
    const random = seeded(7)
    for (const name of fixtureNames) {
      const file = fixtureBytes(name)
      for (let round = 0; round < 300; round++) {
        const copy = file.slice(0, 4 + random(Math.min(file.length, 20_000) - 4))
        const at = 4 + random(copy.length - 4)
        copy[at] = random(256)
        const reader = new CaptureReader({ record: () => undefined })
        for (let from = 0; from < copy.length; from += 777) reader.push(copy.subarray(from, from + 777))
        expect(() => reader.end()).to.not.throw()
      }
    }
  })

  it('refuses what is no capture and says what it looks like', () => {
    const found = (bytes: Uint8Array): string => {
      try {
        read(bytes, 1)
      } catch (error) {
        if (error instanceof NotACaptureError) return error.found
      }
      return 'accepted'
    }
    expect(found(new Uint8Array())).to.equal('nothing, it is empty')
    expect(found(Buffer.from('GET / HTTP/1.1\r\n'))).to.contain('text that starts "GET')
    expect(found(Buffer.from('7f454c460201', 'hex'))).to.equal('an ELF program')
    expect(found(Buffer.from('0102030405', 'hex'))).to.contain('0x01020304')
  })

  it('says which link types it cannot decode', () => {
    const file = pcap(packets.slice(0, 2), { little: true, nanoseconds: false })
    file[20] = 105
    const { packets: found } = read(file)
    expect(found[0]?.malformed).to.deep.equal({
      layer: 'link',
      reason: 'link type 105 (IEEE802_11) is not decoded',
    })
  })
})

describe('CaptureReader on pcapng', () => {
  const first = packets[0]?.bytes ?? new Uint8Array()

  for (const little of [true, false]) {
    it(`reads several interfaces, ${little ? 'little' : 'big'}-endian`, () => {
      const file = joined(
        section(little),
        description(little, 1),
        description(little, 1, { resolution: 9 }),
        description(little, 1, { resolution: 3, offsetSeconds: 3600 }),
        description(little, 1, { resolution: 0x80 | 10 }),
        description(little, 1, { resolution: 12 }),
        enhanced(little, 0, 1_700_000_000_123_456n, first),
        enhanced(little, 1, 1_700_000_000_123_456_789n, first),
        block(little, 5, Buffer.alloc(12)),
        enhanced(little, 2, 1_700_000_000_123n, first),
        enhanced(little, 3, 1_700_000_000n * 1024n + 512n, first),
        enhanced(little, 4, 1_700_000_123_456_789_012n, first),
      )
      for (const chunkBytes of [file.length, 1, 13]) {
        const { packets: found, summary } = read(file, chunkBytes)
        expect(summary).to.include({ format: 'pcapng', packets: 5 })
        expect(summary.truncated).to.equal(undefined)
        expect(found.slice(0, 4).map((packet) => timestampText(packet.timestamp))).to.deep.equal([
          '2023-11-14T22:13:20.123456Z',
          '2023-11-14T22:13:20.123456789Z',
          '2023-11-14T23:13:20.123Z',
          '2023-11-14T22:13:20.5000Z',
        ])
        expect(found.every((packet) => packet.layers.length > 2)).to.equal(true)
      }
    })
  }

  it('reads sections of different byte order, each with its own interfaces', () => {
    const file = joined(
      section(true),
      description(true, 1),
      enhanced(true, 0, 1n, first),
      section(false),
      description(false, 101),
      enhanced(false, 0, 1n, first.subarray(14)),
    )
    const { packets: found, summary } = read(file)
    expect(summary.truncated).to.equal(undefined)
    expect(found.map((packet) => packet.layers[0]?.protocol)).to.deep.equal(['ethernet', 'ipv4'])
  })

  it('reads simple packet blocks up to the snapshot length', () => {
    const cut = first.subarray(0, 60)
    const simple = block(true, 3, Buffer.concat([pack(true, 'i', first.length), Buffer.from(cut)]))
    const { packets: found } = read(
      joined(section(true), description(true, 1, { snapshotBytes: 60 }), simple),
    )
    expect(found[0]).to.include({ capturedBytes: 60, originalBytes: first.length })
    expect(found[0]?.malformed).to.equal(undefined)
  })

  it('passes over blocks it does not know, however long', () => {
    const long = block(true, 0x0bad, Buffer.alloc(3_000_000))
    const file = joined(section(true), description(true, 1), long, enhanced(true, 0, 1n, first))
    for (const chunkBytes of [file.length, 65_536]) {
      const { packets: found, summary } = read(file, chunkBytes)
      expect(found).to.have.lengthOf(1)
      expect(summary.truncated).to.equal(undefined)
    }
  })

  it('goes on behind a damaged block', () => {
    const parts = packets.slice(0, 6).map((packet, index) => enhanced(true, 0, BigInt(index), packet.bytes))
    parts[2]?.writeUInt32LE(0x7fff_fff0, 4)
    parts[4]?.writeUInt32LE(64, 4)
    const { packets: found, summary } = read(joined(section(true), description(true, 1), ...parts), 100)
    expect(essence(found).map((text) => text.split(' ')[1])).to.deep.equal(
      [0, 1, 3, 5].map((index) => Buffer.from(packets[index]?.bytes ?? []).toString('hex')),
    )
    expect(summary.truncated).to.match(
      /^block at byte \d+ is damaged, the first of 2 places; \d+ bytes skipped$/,
    )
  })
})

describe('readPackets', () => {
  async function all(chunks: Iterable<Uint8Array>): Promise<{ packets: Packet[]; summary: CaptureSummary }> {
    const found: Packet[] = []
    const reading = readPackets(chunks)
    for (;;) {
      const next = await reading.next()
      if (next.done === true) return { packets: found, summary: next.value }
      found.push(next.value)
    }
  }
  const file = fixtureBytes('swarm.pcap')
  const packed = new Uint8Array(gzipSync(file))

  it('reads plain and gzip alike', async () => {
    const plain = await all([file])
    const unpacked = await all([packed.subarray(0, 1), packed.subarray(1, 500), packed.subarray(500)])
    expect(plain.packets).to.have.lengthOf(192)
    expect(essence(unpacked.packets)).to.deep.equal(essence(plain.packets))
    expect(unpacked.summary.truncated).to.equal(undefined)
  })

  it('keeps what a gzip stream gave before it broke off', async () => {
    const { packets: found, summary } = await all([packed.subarray(0, packed.length - 20_000)])
    expect(found.length).to.be.within(1, 191)
    expect(summary.truncated).to.contain('gzip')
  })
})

describe('PcapWriter', () => {
  it('writes what the reader reads', () => {
    const written = new PcapWriter().file(packets)
    const { packets: found, summary } = read(written)
    expect(summary).to.deep.equal({ format: 'pcap', byteOrder: 'little-endian', packets: packets.length })
    expect(found.map((packet) => packet.timestamp.nanoseconds)).to.deep.equal(
      packets.map((packet) => packet.timestamp.nanoseconds),
    )
    expect(found.map((packet) => packet.bytes)).to.deep.equal(packets.map((packet) => packet.bytes))
  })
})
