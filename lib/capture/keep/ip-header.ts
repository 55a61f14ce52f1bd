const ipv4 = 0x0800
const ipv6 = 0x86dd
const vlans: ReadonlySet<number> = new Set([0x8100, 0x88a8])
const mostVlanTags = 2
/** Hop-by-hop, routing, destination options: a next header and a length (RFC 8200, 4). */
const sized: ReadonlySet<number> = new Set([0, 43, 60])
const fragmentHeader = 44
const mostExtensions = 8

/** Where the IP header of an Ethernet frame is and what it says. One object is used for many frames: no allocation. */
export class IpHeader {
  etherType = 0
  version: 4 | 6 = 4
  /** Of the header, in bytes of the frame. */
  start = 0
  /** Behind Ethernet and VLAN tags, whatever follows. */
  payloadStart = 0
  /** Of what IP carries, behind options and extension headers. */
  transport = 0
  /** End of the IP packet by its own account; as far as the frame goes where it does not say. */
  end = 0
  protocol = 0
  fragmentOffset = 0
  moreFragments = false
  identification = 0

  /** Whether the frame that starts at `start` holds an IP header that was captured whole. */
  read(view: DataView, start: number, captured: number): boolean {
    let at = start + 12
    for (let tags = 0; ; tags += 1) {
      if (at + 2 > captured) return this.#none(0, captured)
      this.etherType = view.getUint16(at)
      at += 2
      if (!vlans.has(this.etherType)) break
      if (tags === mostVlanTags) return this.#none(0, captured)
      at += 2
    }
    this.payloadStart = at
    if (this.etherType === ipv4) return this.readIpv4(view, at, captured)
    return this.etherType === ipv6 && this.#readIpv6(view, at, captured)
  }

  readIpv4(view: DataView, at: number, captured: number): boolean {
    if (at + 20 > captured || view.getUint8(at) >>> 4 !== 4) return false
    const headerBytes = (view.getUint8(at) & 0x0f) * 4
    if (headerBytes < 20 || at + headerBytes > captured) return false
    const total = view.getUint16(at + 2)
    const fragment = view.getUint16(at + 6)
    this.version = 4
    this.start = at
    this.transport = at + headerBytes
    // A sender’s tap may show packets that the card will still split: those say 0.
    this.end = total === 0 ? Number.MAX_SAFE_INTEGER : at + total
    this.protocol = view.getUint8(at + 9)
    this.identification = view.getUint16(at + 4)
    this.fragmentOffset = (fragment & 0x1fff) * 8
    this.moreFragments = (fragment & 0x2000) !== 0
    return this.end >= this.transport
  }

  #readIpv6(view: DataView, at: number, captured: number): boolean {
    if (at + 40 > captured || view.getUint8(at) >>> 4 !== 6) return false
    const payloadBytes = view.getUint16(at + 4)
    this.version = 6
    this.start = at
    this.end = payloadBytes === 0 ? Number.MAX_SAFE_INTEGER : at + 40 + payloadBytes
    this.protocol = view.getUint8(at + 6)
    this.transport = at + 40
    this.fragmentOffset = 0
    this.moreFragments = false
    this.identification = 0
    for (let headers = 0; headers < mostExtensions; headers += 1) {
      const kind = this.protocol
      if (!sized.has(kind) && kind !== fragmentHeader) return this.end >= this.transport
      if (this.fragmentOffset > 0) return true
      if (this.transport + 8 > captured) return false
      if (kind === fragmentHeader) {
        const field = view.getUint16(this.transport + 2)
        this.fragmentOffset = field & 0xfff8
        this.moreFragments = (field & 1) === 1
        this.identification = view.getUint32(this.transport + 4)
      }
      this.protocol = view.getUint8(this.transport)
      this.transport += kind === fragmentHeader ? 8 : (view.getUint8(this.transport + 1) + 1) * 8
    }
    return false
  }

  /** Source, destination, protocol and identification: the same for all fragments of a datagram. */
  datagram(bytes: Uint8Array): string {
    const [from, length] = this.version === 4 ? [this.start + 12, 8] : [this.start + 8, 32]
    const ends = Buffer.from(bytes.buffer, bytes.byteOffset + from, length).toString('latin1')
    return `${this.version} ${this.protocol} ${this.identification} ${ends}`
  }

  #none(etherType: number, captured: number): false {
    this.etherType = etherType
    this.payloadStart = captured
    return false
  }
}
