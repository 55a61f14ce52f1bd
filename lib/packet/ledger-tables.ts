import { CounterTable } from './counter-table.ts'
import { EspSequences, SequenceMemory } from './esp-sequences.ts'
import { DEFAULT_VXLAN_PORTS } from './vxlan.ts'

/** Address family of a ledger row, in the low bits of its kind. */
export const Family = { ipv4: 0, ipv6: 1, arp: 2, ethernet: 3 } as const
/** Set in a kind whose ports are known. */
export const HAS_PORTS = 4
/** The protocol number, or EtherType, stands above these bits of a kind. */
export const KIND_SHIFT = 8

/** Rows kept of flows, inner flows and addresses, each. */
export const MOST_FLOWS = 1 << 19
/** Rows kept of VXLAN tunnels and of security associations, each: more is remembered of one than of a flow. */
export const MOST_TUNNELS = 1 << 16

export interface LedgerOptions {
  /** UDP destination ports whose payload is VXLAN; [4789] by default. */
  readonly vxlanPorts?: readonly number[]
  /** Rows kept of each table, instead of the bounds below; packets of further flows are counted together. */
  readonly largestTableRows?: number
}

/** What a ledger has counted, and how it counts: one method for each kind of row. */
export class LedgerTables {
  packets = 0
  bytes = 0
  malformed = 0
  outerFragments = 0
  /** Packets of flows for which there was no row left. */
  beyondLimit = { packets: 0, bytes: 0 }
  /** Packets that stand in no row of these tables, because the table, or that of their addresses, was full. */
  readonly unlisted = { vxlan: 0, innerFlows: 0, esp: 0 }
  firstSeconds = Infinity
  firstNanoseconds = 0
  lastSeconds = -1
  lastNanoseconds = 0
  firstDigits = 6
  lastDigits = 6
  /** Packets by link type that cannot be decoded. */
  readonly unknownLinkTypes = new Map<number, number>()
  /** Keys: source, destination, ports, kind. IPv6 and MAC addresses stand as rows of their own table. */
  readonly flows: CounterTable
  /** Keys: outer source, outer destination, VNI and family << 24, port. */
  readonly vxlan: CounterTable
  /** Keys: source, destination, row of `vxlan`, kind. */
  readonly innerFlows: CounterTable
  /** Keys: source, destination, SPI, family. */
  readonly esp: CounterTable
  readonly ipv6Addresses: CounterTable
  readonly macAddresses: CounterTable
  /** By row of `vxlan`. */
  readonly largestOuterIpBytes: number[] = []
  /** By row of `esp`. */
  readonly sequences: EspSequences[] = []
  private readonly sequenceMemory = new SequenceMemory()
  protected readonly isVxlanPort = new Uint8Array(65_536)

  // The packet at hand, so that the steps below need not hand it to each other.
  protected view: DataView = new DataView(new ArrayBuffer(0))
  protected capturedEnd = 0
  protected frameBytes = 0
  /** How many VXLAN headers stand before the bytes at hand. */
  protected depth = 0
  protected vxlanRow = -1
  protected innerBytes = 0
  protected source = 0
  protected destination = 0
  protected family = 0
  protected totalBytes = 0

  constructor(options: LedgerOptions = {}) {
    const rows = options.largestTableRows ?? MOST_FLOWS
    const tunnels = options.largestTableRows ?? MOST_TUNNELS
    this.flows = new CounterTable(rows)
    this.vxlan = new CounterTable(tunnels)
    this.innerFlows = new CounterTable(rows)
    this.esp = new CounterTable(tunnels)
    this.ipv6Addresses = new CounterTable(rows)
    this.macAddresses = new CounterTable(rows)
    for (const port of options.vxlanPorts ?? DEFAULT_VXLAN_PORTS) this.isVxlanPort[port] = 1
  }

  /** `ports` counts only with `HAS_PORTS`. */
  protected countFlow(protocol: number, hasPorts: number, ports: number): void {
    const { depth, source, destination } = this
    const kind = this.family | (protocol << KIND_SHIFT)
    if (this.hasUnlistedAddress) this.countUnlistedFlow()
    else if (depth === 0) {
      if (this.flows.count(source, destination, ports, kind | hasPorts, this.frameBytes) < 0)
        this.countBeyond(this.frameBytes)
    } else if (depth === 1 && this.vxlanRow >= 0) {
      if (this.innerFlows.count(source, destination, this.vxlanRow, kind, this.innerBytes) < 0)
        this.unlisted.innerFlows++
    }
  }

  /** IPv6 and MAC addresses stand as rows of tables that can be full. */
  private get hasUnlistedAddress(): boolean {
    const { family, source, destination } = this
    return (family === Family.ipv6 || family === Family.ethernet) && (source < 0 || destination < 0)
  }

  private countUnlistedFlow(): void {
    if (this.depth === 0) this.countBeyond(this.frameBytes)
    else if (this.depth === 1 && this.vxlanRow >= 0) this.unlisted.innerFlows++
  }

  protected countBeyond(bytes: number): void {
    this.beyondLimit.packets++
    this.beyondLimit.bytes += bytes
  }

  /** The VXLAN datagram at hand; its outer addresses and length are those of the IP header before. */
  protected countVxlan(vni: number, port: number): void {
    const row = this.hasUnlistedAddress
      ? -1
      : this.vxlan.count(this.source, this.destination, vni | (this.family << 24), port, this.frameBytes)
    this.vxlanRow = row
    if (row < 0) this.unlisted.vxlan++
    else if (!(this.largestOuterIpBytes[row]! >= this.totalBytes)) {
      this.largestOuterIpBytes[row] = this.totalBytes
    }
  }

  protected countEsp(spi: number, sequence: number): void {
    const row = this.hasUnlistedAddress
      ? -1
      : this.esp.count(this.source, this.destination, spi, this.family, this.frameBytes)
    if (row < 0) {
      this.unlisted.esp++
      return
    }
    const sequences = (this.sequences[row] ??= new EspSequences(this.sequenceMemory))
    sequences.add(sequence)
  }
}
