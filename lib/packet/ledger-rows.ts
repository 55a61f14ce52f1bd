import { ipv4Text, ipv6Text, macText } from './address.ts'
import { asciiOf } from './ascii-text.ts'
import type { CounterTable } from './counter-table.ts'
import { spiText } from './esp.ts'
import { ipProtocolName } from './ip-protocol.ts'
import { Family, HAS_PORTS, KIND_SHIFT } from './ledger-tables.ts'
import type { LedgerTables } from './ledger-tables.ts'
import type { EspRow, FlowRow, InnerFlowRow, LedgerReport, VxlanRow } from './ledger-report.ts'
import type { CaptureSummary } from './record.ts'
import { rowsByBytes } from './rows-by-bytes.ts'
import { timestampText } from './timestamp.ts'

/** Hosts and tasks are named in many rows; of a scan's addresses each is in one. */
const REMEMBERED_ADDRESSES = 4096

/** Reads the ledger's tables as rows, the largest (in bytes) first; VXLAN and ESP by number and address. */
export class LedgerRows {
  readonly ledger: LedgerTables
  private readonly ipv4Texts = new Map<number, string>()
  private readonly ipv4Ascii = new Map<number, Uint8Array>()
  private readonly protocols = new Map<number, Uint8Array>()

  constructor(ledger: LedgerTables) {
    this.ledger = ledger
  }

  *flows(): Generator<FlowRow> {
    const { flows, beyondLimit } = this.ledger
    for (const row of rowsByBytes(flows)) yield this.flow(row)
    if (beyondLimit.packets > 0) yield this.beyond()
  }

  /** The row of all packets for whose flow there was none. */
  beyond(): FlowRow {
    return { ...beyondFlow, ...this.ledger.beyondLimit }
  }

  /** How many rows `flows` gives. */
  get flowCount(): number {
    return this.ledger.flows.size + (this.ledger.beyondLimit.packets > 0 ? 1 : 0)
  }

  *vxlan(): Generator<VxlanRow> {
    const innerRows = this.innerRowsByNetwork()
    const { vxlan } = this.ledger
    const rows = Array.from({ length: vxlan.size }, (_, row) => this.network(row, innerRows[row] ?? []))
    yield* rows.sort(
      (a, b) =>
        a.vni - b.vni ||
        compare(a.outerSource, b.outerSource) ||
        compare(a.outerDestination, b.outerDestination) ||
        a.port - b.port,
    )
  }

  *esp(): Generator<EspRow> {
    const rows = Array.from({ length: this.ledger.esp.size }, (_, row) => this.association(row))
    yield* rows.sort(
      (a, b) => compare(a.source, b.source) || compare(a.destination, b.destination) || compare(a.spi, b.spi),
    )
  }

  /** Earliest and latest time. */
  times(): [first: string | null, last: string | null] {
    const { ledger } = this
    if (ledger.lastSeconds < 0) return [null, null]
    const text = (seconds: number, nanoseconds: number, digits: number): string =>
      timestampText({ seconds, nanoseconds, digits })
    return [
      text(ledger.firstSeconds, ledger.firstNanoseconds, ledger.firstDigits),
      text(ledger.lastSeconds, ledger.lastNanoseconds, ledger.lastDigits),
    ]
  }

  /** Why the rows lack packets: the capture is damaged, or has more than the tables hold. */
  truncated(summary: CaptureSummary): string | undefined {
    const { unlisted, vxlan, innerFlows, esp } = this.ledger
    const beyond = (packets: number, rows: number, what: string): string[] =>
      packets === 0 ? [] : [`${packets} packets of ${what} beyond the first ${rows} are in no row`]
    const reasons = [
      ...(summary.truncated === undefined ? [] : [summary.truncated]),
      ...beyond(unlisted.vxlan, vxlan.size, 'VXLAN tunnels'),
      ...beyond(unlisted.innerFlows, innerFlows.size, 'inner flows'),
      ...beyond(unlisted.esp, esp.size, 'security associations'),
    ]
    return reasons.length === 0 ? undefined : reasons.join('; ')
  }

  report(file: string, summary: CaptureSummary): LedgerReport {
    const { packets, bytes, malformed, outerFragments } = this.ledger
    const [firstTimestamp, lastTimestamp] = this.times()
    return {
      file,
      format: summary.format,
      packets,
      bytes,
      truncated: this.truncated(summary) ?? false,
      malformed,
      firstTimestamp,
      lastTimestamp,
      vxlan: [...this.vxlan()],
      esp: [...this.esp()],
      flows: [...this.flows()],
      outerFragments,
    }
  }

  private flow(row: number): FlowRow {
    const { flows } = this.ledger
    const kind = flows.word(row, 3)
    const ports = flows.word(row, 2)
    const known = (kind & HAS_PORTS) !== 0
    return {
      protocol: protocolOf(kind),
      source: this.address(kind & 3, flows.word(row, 0)),
      sourcePort: known ? ports >>> 16 : null,
      destination: this.address(kind & 3, flows.word(row, 1)),
      destinationPort: known ? ports & 0xffff : null,
      packets: flows.packets(row),
      bytes: flows.bytes(row),
    }
  }

  private network(row: number, innerRows: readonly number[]): VxlanRow {
    const { vxlan, largestOuterIpBytes } = this.ledger
    const word = vxlan.word(row, 2)
    return {
      vni: word & 0xffffff,
      outerSource: this.address(word >>> 24, vxlan.word(row, 0)),
      outerDestination: this.address(word >>> 24, vxlan.word(row, 1)),
      port: vxlan.word(row, 3),
      packets: vxlan.packets(row),
      bytes: vxlan.bytes(row),
      largestOuterIpBytes: largestOuterIpBytes[row] ?? 0,
      innerFlows: innerRows.map((inner) => this.innerFlow(inner)),
    }
  }

  private innerFlow(row: number): InnerFlowRow {
    const { innerFlows } = this.ledger
    const kind = innerFlows.word(row, 3)
    return {
      source: this.address(kind & 3, innerFlows.word(row, 0)),
      destination: this.address(kind & 3, innerFlows.word(row, 1)),
      protocol: protocolOf(kind),
      packets: innerFlows.packets(row),
      bytes: innerFlows.bytes(row),
    }
  }

  private association(row: number): EspRow {
    const { esp, sequences } = this.ledger
    const seen = sequences[row]!.tally()
    return {
      spi: spiText(esp.word(row, 2)),
      source: this.address(esp.word(row, 3), esp.word(row, 0)),
      destination: this.address(esp.word(row, 3), esp.word(row, 1)),
      packets: esp.packets(row),
      bytes: esp.bytes(row),
      firstSequence: seen.lowest,
      lastSequence: seen.highest,
      missing: seen.missing,
      duplicates: seen.duplicates,
    }
  }

  private innerRowsByNetwork(): number[][] {
    const { innerFlows } = this.ledger
    const rows: number[][] = []
    for (const row of rowsByBytes(innerFlows)) (rows[innerFlows.word(row, 2)] ??= []).push(row)
    return rows
  }

  /** The protocol of a kind, as JSON. */
  protocolJson(kind: number): Uint8Array {
    const known = this.protocols.get(kind)
    if (known !== undefined) return known
    const json = asciiOf(JSON.stringify(protocolOf(kind)))
    this.protocols.set(kind, json)
    return json
  }

  addressAscii(family: number, word: number): Uint8Array {
    const isIpv4 = family === Family.ipv4 || family === Family.arp
    const known = isIpv4 ? this.ipv4Ascii.get(word) : undefined
    if (known !== undefined) return known
    const ascii = asciiOf(this.address(family, word))
    if (isIpv4 && this.ipv4Ascii.size < REMEMBERED_ADDRESSES) this.ipv4Ascii.set(word, ascii)
    return ascii
  }

  private address(family: number, word: number): string {
    if (family === Family.ipv6) return ipv6Text(viewOf(this.ledger.ipv6Addresses, word), 0)
    if (family === Family.ethernet) return macOf(this.ledger.macAddresses, word)
    const known = this.ipv4Texts.get(word)
    if (known !== undefined) return known
    const text = ipv4Text(word)
    if (this.ipv4Texts.size < REMEMBERED_ADDRESSES) this.ipv4Texts.set(word, text)
    return text
  }
}

const beyondFlow = {
  protocol: 'other',
  source: '*',
  sourcePort: null,
  destination: '*',
  destinationPort: null,
} as const

function protocolOf(kind: number): string | number {
  const number = kind >>> KIND_SHIFT
  if ((kind & 3) === Family.arp) return 'arp'
  if ((kind & 3) !== Family.ethernet) return ipProtocolName(number)
  return number === 0 ? 'llc' : `0x${number.toString(16).padStart(4, '0')}`
}

function viewOf(table: CounterTable, row: number): DataView {
  const view = new DataView(new ArrayBuffer(16))
  for (let index = 0; index < 4; index++) view.setUint32(4 * index, table.word(row, index))
  return view
}

function macOf(table: CounterTable, row: number): string {
  const view = new DataView(new ArrayBuffer(6))
  view.setUint32(0, table.word(row, 0))
  view.setUint16(4, table.word(row, 1))
  return macText(view, 0)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
