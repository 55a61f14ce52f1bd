import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { NotACaptureError } from './capture-reader.ts'
import { fixtureBytes, fixtureNames, fixturePackets, seeded } from './fixture.fake.ts'
import { readPackets } from './packet-stream.ts'
import { PcapWriter } from './pcap-writer.ts'
import { timestampText } from './timestamp.ts'

type Random = (below: number) => number

/** Damage where it matters: lengths and times of the first records, as numbers that bring readers into doubt. */
function damaged(seed: Uint8Array, random: Random): Uint8Array {
  const bytes = seed.slice(0, Math.min(seed.length, 3000 + random(3000)))
  const view = new DataView(bytes.buffer)
  const numbers = [0, 4, 12, 16, 0xffff_ffff, 0x7fff_ffff, 262_144, 262_145, 64 << 20, random(2000)]
  for (let change = 1 + random(6); change > 0; change--) {
    const at = 4 + random(Math.min(bytes.length, 2000) - 8)
    if (random(2) === 0) view.setUint32(at, numbers[random(numbers.length)] ?? 0, random(4) > 0)
    else bytes[at] = random(256)
  }
  return bytes
}

function* cut(bytes: Uint8Array, size: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const to = at + size()
    yield bytes.subarray(at, to)
    at = to
  }
}

/** Everything that can be said of a capture, as text. */
async function tell(chunks: Iterable<Uint8Array>): Promise<string> {
  const lines: string[] = []
  const reading = readPackets(chunks)
  try {
    for (;;) {
      const next = await reading.next()
      if (next.done === true) return [...lines, JSON.stringify(next.value)].join('\n')
      const { timestamp, originalBytes, linkType, bytes } = next.value
      lines.push(
        `${timestampText(timestamp)} ${originalBytes} ${linkType} ${Buffer.from(bytes).toString('hex')}`,
      )
    }
  } catch (error) {
    if (error instanceof NotACaptureError) return error.found
    throw error
  }
}

describe('a damaged capture', function () {
  this.timeout(60_000)
  // As often pcapng as pcap.
  const names = fixtureNames.flatMap((name) =>
    name.endsWith('.pcapng') ? [name] : [name, 'interfaces.pcapng' as const],
  )
  const seeds = names.map((name) => ({ name, bytes: fixtureBytes(name) }))

  async function expectSameHoweverCut(name: string, bytes: Uint8Array, random: Random): Promise<void> {
    const whole = await tell([bytes])
    const most = 1 + random(1500)
    const cuts = { bytes: () => 1, pieces: () => 1 + random(most), 'pieces of 37': () => 37 }
    for (const [kind, size] of Object.entries(cuts)) {
      expect(await tell(cut(bytes, size)), `${name} in ${kind}`).to.equal(whole)
    }
  }

  it('is told the same however it is cut', async () => {
    const random = seeded(22)
    for (let round = 0; round < 160; round++) {
      const { name, bytes } = seeds[round % seeds.length]!
      await expectSameHoweverCut(`${name}, round ${round}`, damaged(bytes, random), random)
    }
  })

  it('is told the same however it is cut, damaged inside gzip or as gzip', async () => {
    const random = seeded(23)
    for (let round = 0; round < 36; round++) {
      const { name, bytes } = seeds[round % seeds.length]!
      const packed = new Uint8Array(gzipSync(damaged(bytes, random)))
      if (round % 2 === 0) packed[10 + random(packed.length - 10)]! ^= 1 + random(255)
      await expectSameHoweverCut(`${name}, round ${round}`, packed, random)
    }
  })

  it('as gzip keeps nearly all that was unpacked before the damage', async () => {
    const packets = Array.from({ length: 12 }, () => fixturePackets('swarm.pcap')).flat()
    const packed = gzipSync(new PcapWriter().file(packets))
    packed[packed.length - 8]! ^= 1 // its checksum
    const lines = (await tell([packed])).split('\n')
    expect(lines.at(-1)).to.contain('the gzip data is damaged or ends early (incorrect data check)')
    const told = lines.slice(0, -1).reduce((sum, line) => sum + (line.split(' ')[3]?.length ?? 0) / 2, 0)
    const all = packets.reduce((sum, { bytes }) => sum + bytes.length, 0)
    expect(all - told).to.be.below(70_000)
  })
})
