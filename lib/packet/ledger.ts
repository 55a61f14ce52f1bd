import { HAS_PORTS, Family, KIND_SHIFT } from './ledger-tables.ts'
import { LedgerWalk } from './ledger-walk.ts'
import { LinkType } from './link-type.ts'
import type { RecordSink } from './record.ts'

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
   */
  private countUsual(view: DataView, offset: number, captured: number, original: number): boolean {
    if (captured < 42 || captured !== original || view.getUint16(offset + 12) !== 0x0800) return false
    const ip = offset + 14
    const first = view.getUint32(ip)
    const total = first & 0xffff
    if (first >>> 24 !== 0x45 || total < 28 || total + 14 > captured) return false
    if ((view.getUint16(ip + 6) & 0x3fff) !== 0) return false
    const protocol = view.getUint8(ip + 9)
    const word = view.getInt32(ip + 20)
    const isVxlan = protocol === 17 && this.isVxlanPort[word & 0xffff] === 1
    if (!isUsual(view, protocol, ip + 20, total - 20)) return false
    if (isVxlan && (view.getUint16(ip + 24) < 50 || (view.getUint8(ip + 28) & 0x08) === 0)) return false
    const isEsp = protocol === 50
    const source = view.getInt32(ip + 12)
    const destination = view.getInt32(ip + 16)
    const kind = Family.ipv4 | (protocol << KIND_SHIFT) | (isEsp ? 0 : HAS_PORTS)
    if (this.flows.count(source, destination, isEsp ? 0 : word, kind, original) < 0) this.countBeyond()
    if (!isEsp && !isVxlan) return true
    this.source = source
    this.destination = destination
    this.family = Family.ipv4
    this.frameBytes = original
    if (isEsp) this.countEsp(word, view.getUint32(ip + 24))
    else this.countUsualVxlan(view, ip, total)
    return true
  }

  private countUsualVxlan(view: DataView, ip: number, total: number): void {
    const length = view.getUint16(ip + 24)
    const inner = ip + 50
    const end = ip + 20 + length
    this.totalBytes = total
    this.innerBytes = length - 16
    this.countVxlan(view.getUint32(ip + 32) >>> 8, view.getUint16(ip + 22))
    if (this.isUsualInner(view, inner, end)) {
      if (this.vxlanRow < 0) return
      const kind = Family.ipv4 | (view.getUint8(inner + 9) << KIND_SHIFT)
      const source = view.getInt32(inner + 12)
      this.innerFlows.count(source, view.getInt32(inner + 16), this.vxlanRow, kind, this.innerBytes)
      return
    }
    this.view = view
    this.capturedEnd = end
    this.depth = 1
    if (!this.ethernet(inner - 14, end, false)) this.malformed++
  }

  /** Whole IPv4 behind an Ethernet header, and no VXLAN again. */
  private isUsualInner(view: DataView, ip: number, end: number): boolean {
    if (end - ip < 28 || view.getUint16(ip - 2) !== 0x0800) return false
    const first = view.getUint32(ip)
    const total = first & 0xffff
    if (first >>> 24 !== 0x45 || total < 28 || ip + total > end) return false
    if ((view.getUint16(ip + 6) & 0x3fff) !== 0) return false
    const protocol = view.getUint8(ip + 9)
    if (protocol === 1) return true
    if (protocol === 17 && this.isVxlanPort[view.getUint16(ip + 22)] === 1) return false
    return protocol !== 50 && isUsual(view, protocol, ip + 20, total - 20)
  }
}

/** Sound TCP, UDP or ESP; `bytes` is at least 8. */
function isUsual(view: DataView, protocol: number, at: number, bytes: number): boolean {
  if (protocol === 6) {
    if (bytes < 20) return false
    const header = (view.getUint8(at + 12) >>> 4) * 4
    return header >= 20 && header <= bytes
  }
  if (protocol !== 17) return protocol === 50
  const length = view.getUint16(at + 4)
  return length >= 8 && length <= bytes
}
