import { expect } from 'chai'
import { CaptureReader } from './capture-reader.ts'
import { CounterTable } from './counter-table.ts'
import { fixtureBytes, seeded } from './fixture.fake.ts'
import { FlowLedger } from './ledger.ts'
import { LedgerRows } from './ledger-rows.ts'
import { PcapWriter } from './pcap-writer.ts'
import { PacketStream } from './packet-stream.ts'
import { MOST_INTERFACES } from './pcapng-reader.ts'

const MIB = 1024 * 1024

/** Little-endian 32-bit words. */
function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer)
}

const section = words(0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffff_ffff, 0xffff_ffff, 28)
const description = words(1, 20, 1, 0, 20)
const pcapHeader = words(0xa1b2c3d4, 0x0004_0002, 0, 0, 65_535, 1)

function repeated(pattern: Uint8Array, bytes: number): Uint8Array {
  const result = new Uint8Array(bytes)
  for (let at = 0; at < bytes; at += pattern.length) {
    result.set(pattern.subarray(0, Math.min(pattern.length, bytes - at)), at)
  }
  return result
}

interface Outcome {
  readonly reader: CaptureReader
  readonly truncated: string | undefined
  readonly bytes: number
}

/** Reads the parts one after the other, in chunks of 64 KiB. */
function read(...parts: readonly Uint8Array[]): Outcome {
  const reader = new CaptureReader({ record: () => undefined })
  let bytes = 0
  for (const part of parts) {
    bytes += part.length
    for (let at = 0; at < part.length; at += 65_536) reader.push(part.subarray(at, at + 65_536))
  }
  return { reader, truncated: reader.end().truncated, bytes }
}

/** In proportion to what was read, and bounded: what made memory or time grow before. */
function expectSmallEffort({ reader, bytes }: Outcome): void {
  const { movedBytes, roomBytes } = reader.effort
  expect(movedBytes, 'bytes moved').to.be.below(4 * bytes)
  expect(roomBytes, 'room').to.be.at.most(4 * MIB)
}

describe('hostile captures', () => {
  it('describe more interfaces than are kept', () => {
    const packet = (index: number): Uint8Array => words(6, 36, index, 0, 0, 4, 4, 0, 36)
    const { reader, truncated } = read(
      section,
      repeated(description, 20 * (MOST_INTERFACES + 3)),
      packet(MOST_INTERFACES - 1),
      packet(MOST_INTERFACES),
      section,
      description,
      packet(0),
    )
    expect(reader.packets).to.equal(2)
    expect(truncated).to.equal(
      'a section describes more than 65536 interfaces; those beyond are not read, the first of 2 places',
    )
  })

  it('announce a long block at every word behind damage', () => {
    const claim = words(4, 64 * MIB - 20)
    const outcome = read(section, repeated(words(0xffff_ffff), 12), repeated(claim, 4 * MIB))
    expect(outcome.truncated).to.match(/^block at byte 28 is damaged; \d+ bytes skipped$/)
    expectSmallEffort(outcome)
  })

  it('announce a packet at every word behind damage', () => {
    const claims = repeated(words(6, 300_000), 4 * MIB)
    expectSmallEffort(read(section, description, repeated(words(0xffff_ffff), 12), claims))
    const length = 196_608
    const records = repeated(words(length), length)
    const noise = repeated(words(0xffff_ffff), length)
    const nanoseconds = words(0xa1b23c4d, 0x0004_0002, 0, 0, 65_535, 1)
    expectSmallEffort(read(nanoseconds, noise.subarray(0, 16), records, noise, records, noise))
  })

  it('claim 4 GiB in a record behind one that was found again', () => {
    const sound = words(1, 0, 4, 4, 0)
    const parts = [pcapHeader, words(1, 0, 0xffff_ffff, 4, 0, 0), sound, sound, sound]
    const outcome = read(...parts, words(1, 0, 0xffff_fff0, 0xffff_fff0), new Uint8Array(16 * MIB))
    expect(outcome.reader.packets).to.equal(3)
    expectSmallEffort(outcome)
  })

  it('hold flows chosen to share a slot', () => {
    // The first were chosen against a multiplicative hash, the second defeat any such hash, whatever its seed.
    const inverse = (odd: number): number => {
      let result = odd
      for (let round = 0; round < 5; round++) result = Math.imul(result, 2 - Math.imul(odd, result))
      return result
    }
    const chosen = new CounterTable(1 << 17)
    for (let i = 0; i < 50_000; i++) {
      const a = Math.imul(i, 2654435761) | 0
      chosen.count(a, Math.imul(Math.imul(a, 0x9e3779b1), inverse(0x85ebca6b)), 0, 0, 1)
    }
    const highBits = new CounterTable(1 << 17)
    for (let i = 0; i < 65_536; i++) highBits.count((i & 255) << 24, (i >>> 8) << 24, 0, 0, 1)
    for (const table of [chosen, highBits]) expect(table.longestProbe).to.be.below(250)
  })

  it('hold more tunnels, inner flows and addresses than there are rows, and it is told', () => {
    const packets = new PacketStream().push(fixtureBytes('swarm.pcap'))
    const ledger = new FlowLedger({ largestTableRows: 1 })
    const reader = new CaptureReader(ledger)
    reader.push(new PcapWriter().file(packets))
    const rows = new LedgerRows(ledger)
    const truncated = rows.truncated(reader.end())
    expect(truncated).to.match(/^\d+ packets of VXLAN tunnels beyond the first 1 are in no row/)
    const listed = [...rows.vxlan()].reduce((sum, row) => sum + row.packets, 0)
    const whole = new FlowLedger()
    const wholeReader = new CaptureReader(whole)
    wholeReader.push(new PcapWriter().file(packets))
    const all = new LedgerRows(whole)
    expect(all.truncated(wholeReader.end())).to.equal(undefined)
    expect(listed + ledger.unlisted.vxlan).to.equal(
      [...all.vxlan()].reduce((sum, row) => sum + row.packets, 0),
    )
    expect(ledger.unlisted.innerFlows).to.be.above(0)
  })

  it('hold more IPv6 addresses than there are rows, and name none of them wrongly', () => {
    const random = seeded(11)
    const frame = (): Uint8Array => {
      const bytes = new Uint8Array(62)
      bytes.set([0x86, 0xdd, 0x60], 12)
      bytes.set([8, 17, 64], 19)
      for (let at = 22; at < 54; at++) bytes[at] = random(256)
      bytes.set([0, 1, 0, 2, 0, 8], 54)
      return bytes
    }
    const ledger = new FlowLedger({ largestTableRows: 8 })
    for (let index = 0; index < 20; index++) {
      const bytes = frame()
      const view = new DataView(bytes.buffer)
      ledger.record(bytes, view, 0, bytes.length, bytes.length, 1, 0, 6, 1)
    }
    const flows = [...new LedgerRows(ledger).flows()]
    expect(flows.map(({ source }) => source)).to.not.include('::')
    expect(flows.reduce((sum, { packets }) => sum + packets, 0)).to.equal(20)
    expect(ledger.beyondLimit.packets).to.equal(16)
  })
})
