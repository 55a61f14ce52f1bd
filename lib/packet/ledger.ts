import { CounterTable } from './counter-table.ts'
import { DEFAULT_VXLAN_PORTS } from './decode.ts'
import { EspSequences, SequenceMemory } from './esp-sequences.ts'
import { LinkType } from './link-type.ts'
import type { RecordSink } from './record.ts'
import { MOST_VXLAN_HEADERS } from './vxlan.ts'

/** Address family of a ledger row, in the low bits of its kind. */
export const Family = { ipv4: 0, ipv6: 1, arp: 2, ethernet: 3 } as const
/** Set in a kind whose ports are known. */
export const HAS_PORTS = 4
/** The protocol number, or EtherType, stands above these bits of a kind. */
export const KIND_SHIFT = 8

export interface LedgerOptions {
  /** UDP destination ports whose payload is VXLAN; [4789] by default. */
  readonly vxlanPorts?: readonly number[]
  /** Rows kept of each table; packets of further flows are counted together. */
  readonly largestTableRows?: number
}

/**
 * Counts the packets of a capture by flow, VXLAN network and security association, on the raw bytes and
 * without an object for any packet. It follows the same rules as `decode`, which tests hold against it:
 * what is malformed there is malformed here. `LedgerReport` says what each figure means.
 */
export class FlowLedger implements RecordSink {
  packets = 0
  bytes = 0
  malformed = 0
  outerFragments = 0
  /** Packets of flows for which there was no row left. */
  beyondLimit = { packets: 0, bytes: 0 }
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
  private readonly isVxlanPort = new Uint8Array(65_536)

  // The packet at hand, so that the steps below need not hand it to each other.
  private view: DataView = new DataView(new ArrayBuffer(0))
  private capturedEnd = 0
  private frameBytes = 0
  /** How many VXLAN headers stand before the bytes at hand. */
  private depth = 0
  private vxlanRow = -1
  private innerBytes = 0
  private source = 0
  private destination = 0
  private family = 0
  private totalBytes = 0

  constructor(options: LedgerOptions = {}) {
    const rows = options.largestTableRows
    this.flows = new CounterTable(rows)
    this.vxlan = new CounterTable(rows)
    this.innerFlows = new CounterTable(rows)
    this.esp = new CounterTable(rows)
    this.ipv6Addresses = new CounterTable(rows)
    this.macAddresses = new CounterTable(rows)
    for (const port of options.vxlanPorts ?? DEFAULT_VXLAN_PORTS) this.isVxlanPort[port] = 1
  }

  record(
    _bytes: Uint8Array,
    view: DataView,
    offset: number,
    capturedBytes: number,
    originalBytes: number,
    seconds: number,
    nanoseconds: number,
    digits: number,
    linkType: number,
  ): void {
    this.packets++
    this.bytes += originalBytes
    if (seconds >= 0) this.noteTime(seconds, nanoseconds, digits)
    this.view = view
    this.capturedEnd = offset + capturedBytes
    this.frameBytes = originalBytes
    this.depth = 0
    const end = offset + originalBytes
    const sound =
      linkType === LinkType.ethernet
        ? this.ethernet(offset, end, false)
        : this.otherLink(linkType, offset, end)
    if (!sound) this.malformed++
  }

  private noteTime(seconds: number, nanoseconds: number, digits: number): void {
    if (seconds > this.lastSeconds || (seconds === this.lastSeconds && nanoseconds > this.lastNanoseconds)) {
      this.lastSeconds = seconds
      this.lastNanoseconds = nanoseconds
      this.lastDigits = digits
    }
    if (
      seconds < this.firstSeconds ||
      (seconds === this.firstSeconds && nanoseconds < this.firstNanoseconds)
    ) {
      this.firstSeconds = seconds
      this.firstNanoseconds = nanoseconds
      this.firstDigits = digits
    }
  }

  // Every step below answers whether the bytes were sound as far as they were captured.

  private otherLink(linkType: number, at: number, end: number): boolean {
    const { view, capturedEnd } = this
    switch (linkType) {
      case LinkType.linuxCooked:
        if (at + 16 > capturedEnd) return at + 16 <= end
        return this.network(view.getUint16(at + 14), at + 16, end, false, -1)
      case LinkType.linuxCooked2:
        if (at + 20 > capturedEnd) return at + 20 <= end
        return this.network(view.getUint16(at), at + 20, end, false, -1)
      case LinkType.raw:
      case LinkType.rawBsd: {
        if (at + 1 > capturedEnd) return at + 1 <= end
        const version = view.getUint8(at) >>> 4
        if (version === 4) return this.ipv4(at, end, false)
        return version === 6 && this.ipv6(at, end, false)
      }
      case LinkType.ipv4:
        return this.ipv4(at, end, false)
      case LinkType.ipv6:
        return this.ipv6(at, end, false)
      default:
        this.unknownLinkTypes.set(linkType, (this.unknownLinkTypes.get(linkType) ?? 0) + 1)
        return false
    }
  }

  private ethernet(at: number, end: number, fragment: boolean): boolean {
    const start = at + 14
    if (start > this.capturedEnd) return start <= end || fragment
    const etherType = this.view.getUint16(at + 12)
    if (etherType === 0x0800) return this.ipv4(start, end, fragment)
    return this.network(etherType, start, end, fragment, at)
  }

  /** `macs` is where the two MAC addresses stand, or -1. */
  private network(type: number, from: number, end: number, fragment: boolean, macs: number): boolean {
    let etherType = type
    let at = from
    while (etherType === 0x8100 || etherType === 0x88a8 || etherType === 0x9100) {
      if (at + 4 > this.capturedEnd) return at + 4 <= end || fragment
      etherType = this.view.getUint16(at + 2)
      at += 4
    }
    switch (etherType) {
      case 0x0800:
        return this.ipv4(at, end, fragment)
      case 0x86dd:
        return this.ipv6(at, end, fragment)
      case 0x0806:
        return this.arp(at, end, fragment)
      default:
        if (macs >= 0) this.countOther(etherType < 0x600 ? 0 : etherType, macs)
        return true
    }
  }

  private countOther(etherType: number, macs: number): void {
    const { view, macAddresses } = this
    this.family = Family.ethernet
    this.destination = macAddresses.row(view.getUint32(macs), view.getUint16(macs + 4), 0, 0)
    this.source = macAddresses.row(view.getUint32(macs + 6), view.getUint16(macs + 10), 0, 0)
    this.countFlow(etherType, 0, 0)
  }

  private arp(at: number, end: number, fragment: boolean): boolean {
    if (at + 28 > this.capturedEnd) return at + 28 <= end || fragment
    const { view } = this
    if (view.getUint32(at) !== 0x0001_0800 || view.getUint16(at + 4) !== 0x0604) return false
    this.family = Family.arp
    this.source = view.getUint32(at + 14)
    this.destination = view.getUint32(at + 24)
    this.countFlow(0, 0, 0)
    return true
  }

  private ipv4(at: number, frameEnd: number, inFragment: boolean): boolean {
    const { view, capturedEnd } = this
    if (at + 20 > capturedEnd) return at + 20 <= frameEnd || inFragment
    const first = view.getUint8(at)
    const start = at + (first & 15) * 4
    if (first >>> 4 !== 4 || start < at + 20) return false
    if (start > capturedEnd) return start <= frameEnd || inFragment
    const stated = view.getUint16(at + 2)
    const fragmentField = view.getUint16(at + 6)
    const protocol = view.getUint8(at + 9)
    const total = stated === 0 ? frameEnd - at : stated
    this.family = Family.ipv4
    this.source = view.getInt32(at + 12)
    this.destination = view.getInt32(at + 16)
    this.totalBytes = total
    if ((fragmentField & 0x3fff) !== 0 && this.depth === 0) this.outerFragments++
    let end = at + total
    if (end > frameEnd) {
      if (!inFragment) {
        this.countFlow(protocol, 0, 0)
        return false
      }
      end = frameEnd
    }
    if (end < start || (fragmentField & 0x1fff) !== 0) {
      this.countFlow(protocol, 0, 0)
      return end >= start
    }
    return this.transport(protocol, start, end, inFragment || (fragmentField & 0x2000) !== 0)
  }

  private ipv6(at: number, frameEnd: number, inFragment: boolean): boolean {
    const { view, capturedEnd } = this
    if (at + 40 > capturedEnd) return at + 40 <= frameEnd || inFragment
    if (view.getUint8(at) >>> 4 !== 6) return false
    const payload = view.getUint16(at + 4)
    let next = view.getUint8(at + 6)
    const total = payload === 0 && next !== 59 ? frameEnd - at : 40 + payload
    this.family = Family.ipv6
    this.source = this.internIpv6(at + 8)
    this.destination = this.internIpv6(at + 24)
    this.totalBytes = total
    let end = at + total
    if (end > frameEnd) {
      if (!inFragment) {
        this.countFlow(next, 0, 0)
        return false
      }
      end = frameEnd
    }
    let start = at + 40
    let fragment = inFragment
    for (;;) {
      const isFragment = next === 44
      if (!isFragment && next !== 51 && !isSizedExtension(next)) break
      let bytes = 8
      if (start + 8 <= capturedEnd && start + 8 <= end && !isFragment) {
        const length = view.getUint8(start + 1)
        bytes = next === 51 ? (length + 2) * 4 : (length + 1) * 8
      }
      if (start + bytes > end || start + bytes > capturedEnd) {
        this.countFlow(next, 0, 0)
        return start + bytes <= end || inFragment
      }
      next = view.getUint8(start)
      if (isFragment) {
        const field = view.getUint16(start + 2)
        if ((field & 0xfff9) !== 0 && this.depth === 0) this.outerFragments++
        if ((field & 0xfff8) !== 0) {
          this.countFlow(next, 0, 0)
          return true
        }
        if ((field & 1) !== 0) fragment = true
      }
      start += bytes
    }
    return this.transport(next, start, end, fragment)
  }

  private internIpv6(at: number): number {
    const { view } = this
    return this.ipv6Addresses.row(
      view.getInt32(at),
      view.getInt32(at + 4),
      view.getInt32(at + 8),
      view.getInt32(at + 12),
    )
  }

  private transport(protocol: number, at: number, end: number, fragment: boolean): boolean {
    const { view, capturedEnd } = this
    switch (protocol) {
      case 17:
        return this.udp(at, end, fragment)
      case 6: {
        const readable = at + 20 <= capturedEnd && at + 20 <= end
        const header = readable ? (view.getUint8(at + 12) >>> 4) * 4 : 20
        const whole = readable && header >= 20 && at + header <= capturedEnd && at + header <= end
        this.countFlow(6, HAS_PORTS, whole ? view.getInt32(at) : -1, whole)
        return whole || (header >= 20 && (at + header <= end || fragment))
      }
      case 50:
        this.countFlow(50, 0, 0)
        if (at + 8 > capturedEnd || at + 8 > end) return at + 8 <= end || fragment
        if (this.depth === 0) this.countEsp(view.getInt32(at), view.getUint32(at + 4))
        return true
      case 1:
      case 58:
        this.countFlow(protocol, 0, 0)
        return at + 8 <= end || fragment
      default:
        this.countFlow(protocol, 0, 0)
        return true
    }
  }

  private udp(at: number, ipEnd: number, fragment: boolean): boolean {
    const { view, capturedEnd } = this
    if (at + 8 > capturedEnd || at + 8 > ipEnd) {
      this.countFlow(17, 0, 0)
      return at + 8 <= ipEnd || fragment
    }
    this.countFlow(17, HAS_PORTS, view.getInt32(at))
    const port = view.getUint16(at + 2)
    const stated = view.getUint16(at + 4)
    const length = stated === 0 ? ipEnd - at : stated
    if (length < 8) return false
    let end = at + length
    if (end > ipEnd) {
      if (!fragment) return false
      end = ipEnd
    }
    return this.isVxlanPort[port] === 0 || this.vxlanFrame(at + 8, end, fragment, port, length - 16)
  }

  private vxlanFrame(at: number, end: number, fragment: boolean, port: number, bytes: number): boolean {
    const { view } = this
    if (at + 8 > end || at + 8 > this.capturedEnd) return at + 8 <= end || fragment
    if ((view.getUint8(at) & 0x08) === 0) return false
    if (this.depth === 0) {
      const vni = view.getUint32(at + 4) >>> 8
      const row = this.vxlan.row(this.source, this.destination, vni | (this.family << 24), port)
      this.vxlanRow = row
      this.innerBytes = bytes
      if (row >= 0) {
        this.vxlan.count(row, this.frameBytes)
        if (!(this.largestOuterIpBytes[row]! >= this.totalBytes))
          this.largestOuterIpBytes[row] = this.totalBytes
      }
    }
    if (++this.depth > MOST_VXLAN_HEADERS) return false
    return this.ethernet(at + 8, end, fragment)
  }

  private countFlow(protocol: number, hasPorts: number, ports: number, known = true): void {
    if (this.depth > 1) return
    const kind = this.family | (protocol << KIND_SHIFT)
    if (this.depth === 1) {
      if (this.vxlanRow < 0) return
      const inner = this.innerFlows.row(this.source, this.destination, this.vxlanRow, kind)
      if (inner >= 0) this.innerFlows.count(inner, this.innerBytes)
      return
    }
    const row = this.flows.row(
      this.source,
      this.destination,
      known ? ports : 0,
      known ? kind | hasPorts : kind,
    )
    if (row >= 0) {
      this.flows.count(row, this.frameBytes)
      return
    }
    this.beyondLimit.packets++
    this.beyondLimit.bytes += this.frameBytes
  }

  private countEsp(spi: number, sequence: number): void {
    const row = this.esp.row(this.source, this.destination, spi, this.family)
    if (row < 0) return
    this.esp.count(row, this.frameBytes)
    const sequences = (this.sequences[row] ??= new EspSequences(this.sequenceMemory))
    sequences.add(sequence)
  }
}

function isSizedExtension(next: number): boolean {
  return next === 0 || next === 43 || next === 60 || next === 135 || next === 139 || next === 140
}
