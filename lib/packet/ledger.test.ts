import { expect } from 'chai'
import { CaptureReader } from './capture-reader.ts'
import { decode } from './decode.ts'
import { fixtureBytes, fixtureNames, fixturePackets, seeded } from './fixture.fake.ts'
import { FlowLedger } from './ledger.ts'
import type { LedgerReport } from './ledger-report.ts'
import { LedgerRows } from './ledger-rows.ts'
import type { Packet } from './packet.ts'
import { referenceLedger } from './reference-ledger.fake.ts'

const summary = { format: 'pcap', byteOrder: 'little-endian', packets: 0 } as const
const vxlanPorts = [4789, 8472]

function ledgerOf(packets: readonly Packet[]): LedgerReport {
  const ledger = new FlowLedger({ vxlanPorts })
  for (const packet of packets) {
    // The bytes stand in the middle of others, as they do in a file.
    const room = new Uint8Array(packet.bytes.length + 64).fill(0xff)
    room.set(packet.bytes, 32)
    const view = new DataView(room.buffer)
    const { seconds, nanoseconds, digits } = packet.timestamp
    ledger.record(
      room,
      view,
      32,
      packet.bytes.length,
      packet.originalBytes,
      seconds,
      nanoseconds,
      digits,
      packet.linkType,
    )
  }
  return new LedgerRows(ledger).report('x', summary)
}

/** The packet with other bytes, decoded again. */
function remade(packet: Packet, bytes: Uint8Array, originalBytes: number): Packet {
  const { number, timestamp, linkType } = packet
  const decoded = decode(bytes, { linkType, originalBytes, vxlanPorts })
  return { number, timestamp, linkType, bytes, capturedBytes: bytes.length, originalBytes, ...decoded }
}

function corrupted(packets: readonly Packet[], random: (below: number) => number): Packet {
  const packet = packets[random(packets.length)]
  if (packet === undefined) throw new Error('no packets')
  const bytes = packet.bytes.slice(0, random(4) === 0 ? random(packet.bytes.length) : undefined)
  for (let change = random(3); change >= 0; change--) bytes[random(Math.min(bytes.length, 100))] = random(256)
  return remade(packet, bytes, random(3) === 0 ? packet.originalBytes + random(100) : bytes.length)
}

function agree(packets: readonly Packet[], what: string): void {
  expect(sorted(ledgerOf(packets)), what).to.deep.equal(sorted(referenceLedger(packets, summary)))
}

/** Rows of equal size may come in any order. */
function sorted(report: LedgerReport): LedgerReport {
  const text = (row: object): string => JSON.stringify(Object.entries(row).sort())
  const byText = <T extends object>(rows: readonly T[]): T[] =>
    [...rows].sort((a, b) => (text(a) < text(b) ? -1 : 1))
  const vxlan = report.vxlan.map((row) => ({ ...row, innerFlows: byText(row.innerFlows) }))
  return { ...report, vxlan: byText(vxlan), esp: byText(report.esp), flows: byText(report.flows) }
}

describe('FlowLedger', () => {
  for (const name of fixtureNames) {
    it(`counts ${name} as the object decoder does`, () => {
      agree(fixturePackets(name, vxlanPorts), name)
    })
  }

  it('agrees with the object decoder on packets cut anywhere', () => {
    const kinds = new Set<string>()
    for (const packet of fixtureNames.flatMap((name) => fixturePackets(name, vxlanPorts))) {
      const kind = `${packet.linkType} ${packet.layers.map((layer) => layer.protocol).join(' ')}`
      if (kinds.has(kind)) continue
      kinds.add(kind)
      const lengths = Array.from({ length: Math.min(packet.bytes.length, 160) }, (_, length) => length)
      const cut = (length: number): Uint8Array => packet.bytes.subarray(0, length)
      agree(
        lengths.map((length) => remade(packet, cut(length), length)),
        `cut: ${kind}`,
      )
      agree(
        lengths.map((length) => remade(packet, cut(length), packet.originalBytes)),
        `snapped: ${kind}`,
      )
    }
    expect(kinds.size).to.be.greaterThan(15)
  })

  it('agrees with the object decoder on corrupted packets', () => {
    const random = seeded(3)
    const packets = fixtureNames.flatMap((name) => fixturePackets(name, vxlanPorts))
    for (let round = 0; round < 250; round++) {
      agree(
        Array.from({ length: 20 }, () => corrupted(packets, random)),
        `round ${round}`,
      )
    }
  })

  it('tells the swarm of the fixture', () => {
    const ledger = new FlowLedger()
    const reader = new CaptureReader(ledger)
    reader.push(fixtureBytes('swarm.pcap'))
    const report = new LedgerRows(ledger).report('swarm.pcap', reader.end())
    expect(report).to.include({
      format: 'pcap',
      packets: 192,
      bytes: 66_526,
      truncated: false,
      malformed: 0,
      firstTimestamp: '2026-11-21T06:53:39.857437Z',
      lastTimestamp: '2026-11-21T06:53:52.149183Z',
      outerFragments: 12,
    })
    expect(report.vxlan[0]).to.deep.equal({
      vni: 4097,
      outerSource: '192.168.56.11',
      outerDestination: '192.168.56.12',
      port: 4789,
      packets: 12,
      bytes: 5879,
      largestOuterIpBytes: 1500,
      innerFlows: [
        { source: '10.91.1.6', destination: '10.91.1.8', protocol: 'icmp', packets: 7, bytes: 4868 },
        { source: '10.91.1.6', destination: '10.91.1.2', protocol: 'tcp', packets: 5, bytes: 411 },
      ],
    })
    expect(
      report.esp.map((row) => [row.spi, row.packets, row.firstSequence, row.lastSequence, row.missing]),
    ).to.deep.equal([
      ['0xdcfea965', 8, 1, 8, 0],
      ['0xc60bc1f5', 8, 1, 8, 0],
    ])
    const counted = report.flows.reduce((sum, row) => sum + row.packets, 0)
    expect(counted).to.equal(report.packets)
  })

  it('counts flows without a row left together, and loses none', () => {
    const packets = fixturePackets('swarm.pcap')
    const ledger = new FlowLedger({ largestTableRows: 8 })
    for (const { bytes, originalBytes } of packets) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      ledger.record(bytes, view, 0, bytes.length, originalBytes, 0, 0, 6, 1)
    }
    const flows = [...new LedgerRows(ledger).flows()]
    expect(flows).to.have.lengthOf(9)
    expect(flows.at(-1)).to.include({ protocol: 'other', source: '*', destination: '*' })
    expect(flows.reduce((sum, row) => sum + row.packets, 0)).to.equal(packets.length)
    expect(flows.reduce((sum, row) => sum + row.bytes, 0)).to.equal(ledger.bytes)
  })
})
