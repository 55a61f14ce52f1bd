import { HAS_PORTS, Family, KIND_SHIFT } from './ledger-tables.ts'
import { LedgerWalk } from './ledger-walk.ts'
import { LinkType } from './link-type.ts'
import { EtherType, IpProtocol } from './numbers.ts'
import type { RecordSink } from './record.ts'

const IPV4 = EtherType.ipv4
const TCP = Family.ipv4 | (IpProtocol.tcp << KIND_SHIFT)
const UDP = Family.ipv4 | (IpProtocol.udp << KIND_SHIFT)
const ESP = Family.ipv4 | (IpProtocol.esp << KIND_SHIFT)

/**
 * Counts the packets of a capture by flow, VXLAN network and security association, on the raw bytes and
 * without an object for any packet. It follows the same rules as `decode`, which tests hold against it:
 * what is malformed there is malformed here. `LedgerReport` says what each figure means.
 */
export class FlowLedger extends LedgerWalk implements RecordSink {
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
    if (linkType === LinkType.ethernet && this.countUsual(view, offset, capturedBytes, originalBytes)) return
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

  /**
   * The packets that nearly all captures consist of, in one stretch: whole IPv4 without options or fragments
   * carrying sound TCP, UDP, ESP, or VXLAN of the same kind. Anything else is left, uncounted, to the walk.
   *
   * It is one long function on purpose: V8 compiles what it inlines again in every caller, and cut into the
   * small functions one would rather read, it took a fifth longer for a million packets.
   */
  private countUsual(view: DataView, offset: number, captured: number, original: number): boolean {
    if (captured < 42 || captured !== original || view.getUint16(offset + 12) !== IPV4) return false
    const ip = offset + 14
    const first = view.getUint32(ip)
    const total = first & 0xffff
    if (first >>> 24 !== 0x45 || total < 28 || total + 14 > captured) return false
    if ((view.getUint16(ip + 6) & 0x3fff) !== 0) return false
    const protocol = view.getUint8(ip + 9)
    const source = view.getInt32(ip + 12)
    const destination = view.getInt32(ip + 16)
    const word = view.getInt32(ip + 20)

    if (protocol === 6) {
      if (!isSoundTcp(view, ip + 20, total - 20)) return false
      if (this.flows.count(source, destination, word, TCP | HAS_PORTS, original) < 0)
        this.countBeyond(original)
      return true
    }
    if (protocol === 50) {
      this.source = source
      this.destination = destination
      this.family = Family.ipv4
      this.frameBytes = original
      if (this.flows.count(source, destination, 0, ESP, original) < 0) this.countBeyond(original)
      this.countEsp(word, view.getUint32(ip + 24))
      return true
    }
    if (protocol !== 17) return false

    const length = view.getUint16(ip + 24)
    const port = word & 0xffff
    const isVxlan = this.isVxlanPort[port] === 1
    if (length < 8 || length > total - 20) return false
    if (isVxlan && (length < 50 || (view.getUint8(ip + 28) & 0x08) === 0)) return false
    if (this.flows.count(source, destination, word, UDP | HAS_PORTS, original) < 0) this.countBeyond(original)
    if (!isVxlan) return true

    const vni = view.getUint32(ip + 32) >>> 8
    const row = this.vxlan.count(source, destination, vni | (Family.ipv4 << 24), port, original)
    if (row < 0) this.unlisted.vxlan++
    else if (!(this.largestOuterIpBytes[row]! >= total)) this.largestOuterIpBytes[row] = total
    const inner = ip + 50
    const end = ip + 20 + length
    const innerFirst = view.getUint32(inner)
    const innerTotal = innerFirst & 0xffff
    if (
      view.getUint16(inner - 2) === IPV4 &&
      innerFirst >>> 24 === 0x45 &&
      innerTotal >= 28 &&
      inner + innerTotal <= end &&
      (view.getUint16(inner + 6) & 0x3fff) === 0
    ) {
      const kind = view.getUint8(inner + 9)
      if (
        kind === 1 ||
        (kind === 6 && isSoundTcp(view, inner + 20, innerTotal - 20)) ||
        (kind === 17 && this.isPlainUdp(view, inner + 20, innerTotal - 20))
      ) {
        const from = view.getInt32(inner + 12)
        const to = view.getInt32(inner + 16)
        if (row >= 0) this.countInner(from, to, row, kind, length - 16)
        return true
      }
    }
    this.walkInner(view, inner - 14, end, row, length - 16)
    return true
  }

  private countInner(from: number, to: number, row: number, protocol: number, bytes: number): void {
    const kind = Family.ipv4 | (protocol << KIND_SHIFT)
    if (this.innerFlows.count(from, to, row, kind, bytes) < 0) this.unlisted.innerFlows++
  }

  private walkInner(view: DataView, at: number, end: number, row: number, bytes: number): void {
    this.view = view
    this.capturedEnd = end
    this.depth = 1
    this.vxlanRow = row
    this.innerBytes = bytes
    if (!this.ethernet(at, end, false)) this.malformed++
  }

  /** Sound, and not VXLAN again. */
  private isPlainUdp(view: DataView, at: number, bytes: number): boolean {
    const length = view.getUint16(at + 4)
    return length >= 8 && length <= bytes && this.isVxlanPort[view.getUint16(at + 2)] === 0
  }
}

function isSoundTcp(view: DataView, at: number, bytes: number): boolean {
  if (bytes < 20) return false
  const header = (view.getUint8(at + 12) >>> 4) * 4
  return header >= 20 && header <= bytes
}
