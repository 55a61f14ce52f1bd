import { HAS_PORTS, Family, LedgerTables } from './ledger-tables.ts'
import { LinkType } from './link-type.ts'
import { EtherType, IpProtocol } from './numbers.ts'
import { MOST_VXLAN_HEADERS } from './vxlan.ts'

const { ipv4: IPV4, ipv6: IPV6, arp: ARP } = EtherType
const [C_TAG, S_TAG, OLD_S_TAG] = EtherType.vlan
const { icmp: ICMP, tcp: TCP, udp: UDP, esp: ESP, icmpv6: ICMPV6 } = IpProtocol

/**
 * Walks the headers of any packet, as `decode` does, and counts what it finds on the way. It works on the
 * packet at hand (`view`, `capturedEnd`, `frameBytes`, `depth`); positions are those of `view`.
 */
export class LedgerWalk extends LedgerTables {
  // Every step below answers whether the bytes were sound as far as they were captured.

  protected otherLink(linkType: number, at: number, end: number): boolean {
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

  protected ethernet(at: number, end: number, fragment: boolean): boolean {
    const start = at + 14
    if (start > this.capturedEnd) return start <= end || fragment
    const etherType = this.view.getUint16(at + 12)
    if (etherType === IPV4) return this.ipv4(start, end, fragment)
    return this.network(etherType, start, end, fragment, at)
  }

  /** `macs` is where the two MAC addresses stand, or -1. */
  private network(type: number, from: number, end: number, fragment: boolean, macs: number): boolean {
    let etherType = type
    let at = from
    while (etherType === C_TAG || etherType === S_TAG || etherType === OLD_S_TAG) {
      if (at + 4 > this.capturedEnd) return at + 4 <= end || fragment
      etherType = this.view.getUint16(at + 2)
      at += 4
    }
    switch (etherType) {
      case IPV4:
        return this.ipv4(at, end, fragment)
      case IPV6:
        return this.ipv6(at, end, fragment)
      case ARP:
        return this.arp(at, end, fragment)
      default:
        if (macs >= 0) this.countOther(etherType < 0x600 ? 0 : etherType, macs)
        return true
    }
  }

  private countOther(etherType: number, macs: number): void {
    const { view, macAddresses } = this
    this.family = Family.ethernet
    this.destination = macAddresses.count(view.getInt32(macs), view.getUint16(macs + 4), 0, 0, 0)
    this.source = macAddresses.count(view.getInt32(macs + 6), view.getUint16(macs + 10), 0, 0, 0)
    this.countFlow(etherType, 0, 0)
  }

  private arp(at: number, end: number, fragment: boolean): boolean {
    if (at + 28 > this.capturedEnd) return at + 28 <= end || fragment
    const { view } = this
    if (view.getUint32(at) !== 0x0001_0800 || view.getUint16(at + 4) !== 0x0604) return false
    this.family = Family.arp
    this.source = view.getInt32(at + 14)
    this.destination = view.getInt32(at + 24)
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
    if (end < this.capturedEnd) this.capturedEnd = end
    if (end < start || (fragmentField & 0x1fff) !== 0) {
      this.countFlow(protocol, 0, 0)
      return end >= start
    }
    return this.transport(protocol, start, end, inFragment || (fragmentField & 0x2000) !== 0)
  }

  private ipv6(at: number, frameEnd: number, inFragment: boolean): boolean {
    const { view } = this
    let { capturedEnd } = this
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
    if (end < capturedEnd) this.capturedEnd = capturedEnd = end
    let start = at + 40
    let fragment = inFragment
    for (;;) {
      const isFragment = next === 44
      if (!isFragment && next !== 51 && !isSizedExtension(next)) break
      let bytes = 8
      if (start + 8 <= capturedEnd && !isFragment) {
        const length = view.getUint8(start + 1)
        bytes = next === 51 ? (length + 2) * 4 : (length + 1) * 8
      }
      if (start + bytes > capturedEnd) {
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
    return this.ipv6Addresses.count(
      view.getInt32(at),
      view.getInt32(at + 4),
      view.getInt32(at + 8),
      view.getInt32(at + 12),
      0,
    )
  }

  private transport(protocol: number, at: number, end: number, fragment: boolean): boolean {
    const { view, capturedEnd } = this
    switch (protocol) {
      case UDP:
        return this.udp(at, end, fragment)
      case TCP: {
        const readable = at + 20 <= capturedEnd
        const header = readable ? (view.getUint8(at + 12) >>> 4) * 4 : 20
        const whole = readable && header >= 20 && at + header <= capturedEnd
        this.countFlow(TCP, whole ? HAS_PORTS : 0, whole ? view.getInt32(at) : 0)
        return whole || (header >= 20 && (at + header <= end || fragment))
      }
      case ESP:
        this.countFlow(ESP, 0, 0)
        if (at + 8 > capturedEnd) return at + 8 <= end || fragment
        if (this.depth === 0) this.countEsp(view.getInt32(at), view.getUint32(at + 4))
        return true
      case ICMP:
      case ICMPV6:
        this.countFlow(protocol, 0, 0)
        return at + 8 <= end || fragment
      default:
        this.countFlow(protocol, 0, 0)
        return true
    }
  }

  private udp(at: number, ipEnd: number, fragment: boolean): boolean {
    const { view, capturedEnd } = this
    if (at + 8 > capturedEnd) {
      this.countFlow(UDP, 0, 0)
      return at + 8 <= ipEnd || fragment
    }
    this.countFlow(UDP, HAS_PORTS, view.getInt32(at))
    const port = view.getUint16(at + 2)
    const stated = view.getUint16(at + 4)
    const length = stated === 0 ? ipEnd - at : stated
    if (length < 8) return false
    let end = at + length
    if (end > ipEnd) {
      if (!fragment) return false
      end = ipEnd
    }
    if (end < capturedEnd) this.capturedEnd = end
    return this.isVxlanPort[port] === 0 || this.vxlanFrame(at + 8, end, fragment, port, length - 16)
  }

  private vxlanFrame(at: number, end: number, fragment: boolean, port: number, bytes: number): boolean {
    const { view } = this
    if (at + 8 > this.capturedEnd) return at + 8 <= end || fragment
    if ((view.getUint8(at) & 0x08) === 0) return false
    if (this.depth === 0) {
      this.innerBytes = bytes
      this.countVxlan(view.getUint32(at + 4) >>> 8, port)
    }
    if (++this.depth > MOST_VXLAN_HEADERS) return false
    return this.ethernet(at + 8, end, fragment)
  }
}

function isSizedExtension(next: number): boolean {
  return next === 0 || next === 43 || next === 60 || next === 135 || next === 139 || next === 140
}
