/**
 * A decoded packet. Addresses are text in the usual notation, numbers are host order, and every layer
 * says how many bytes it covers. Decoding never throws on bytes from the wire: what could not be decoded
 * is told by `malformed`, with the layers before it kept.
 */
export interface Packet {
  /** 1-based position in its capture. */
  readonly number: number
  readonly timestamp: Timestamp
  readonly capturedBytes: number
  readonly originalBytes: number
  /** Outermost first; inner layers of VXLAN follow their Vxlan layer. */
  readonly layers: readonly Layer[]
  /** Bytes that contradict the protocol; the layers before them (and the layer's own header, if it was whole) are kept. */
  readonly malformed?: Malformed
  /** The layer whose header the capture's snapshot length cut off. Not a fault of the packet. */
  readonly snapped?: Protocol
  /** LINKTYPE_ of the capture; 1 is Ethernet. */
  readonly linkType: number
  /** The captured bytes, from the link layer on. */
  readonly bytes: Uint8Array
}

export interface Malformed {
  /** `link` when the capture's link type is not one we decode. */
  readonly layer: Protocol | 'link'
  readonly reason: string
}

/** Time since 1970-01-01T00:00:00Z with the capture's own precision. */
export interface Timestamp {
  readonly seconds: number
  readonly nanoseconds: number
  /** How many decimal digits carry meaning: 6 or 9 in pcap, whatever the interface says in pcapng. */
  readonly digits: number
}

export interface Span {
  /** Where the layer's header starts in `Packet.bytes`. */
  readonly offset: number
  /** Length of its header in bytes. */
  readonly headerBytes: number
}

export interface EthernetLayer extends Span {
  readonly protocol: 'ethernet'
  readonly source: string
  readonly destination: string
  readonly etherType: number
}
/** Linux cooked capture (`tcpdump -i any`), version 1 or 2: no Ethernet header, only who sent it and what it carries. */
export interface CookedLayer extends Span {
  readonly protocol: 'cooked'
  readonly version: 1 | 2
  readonly direction: 'in' | 'broadcast' | 'multicast' | 'other' | 'out' | number
  readonly source: string
  readonly etherType: number
  /** Index of the interface; version 2 only. */
  readonly interfaceIndex?: number
}
export interface VlanLayer extends Span {
  readonly protocol: 'vlan'
  readonly id: number
  readonly priority: number
  readonly etherType: number
}
export interface ArpLayer extends Span {
  readonly protocol: 'arp'
  readonly operation: 'request' | 'reply' | number
  readonly senderMac: string
  readonly senderAddress: string
  readonly targetMac: string
  readonly targetAddress: string
}
export interface Ipv4Layer extends Span {
  readonly protocol: 'ipv4'
  readonly source: string
  readonly destination: string
  readonly payloadProtocol: number
  readonly totalBytes: number
  readonly identification: number
  readonly dontFragment: boolean
  readonly moreFragments: boolean
  /** In bytes. */
  readonly fragmentOffset: number
  readonly ttl: number
}
export interface Ipv6Layer extends Span {
  readonly protocol: 'ipv6'
  readonly source: string
  readonly destination: string
  /** After extension headers. */
  readonly payloadProtocol: number
  readonly totalBytes: number
  readonly hopLimit: number
  readonly fragment?: {
    readonly offset: number
    readonly moreFragments: boolean
    readonly identification: number
  }
}
export interface UdpLayer extends Span {
  readonly protocol: 'udp'
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payloadBytes: number
}
export interface TcpLayer extends Span {
  readonly protocol: 'tcp'
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  readonly acknowledgement: number
  readonly flags: {
    readonly syn: boolean
    readonly ack: boolean
    readonly fin: boolean
    readonly rst: boolean
    readonly psh: boolean
    readonly urg: boolean
  }
  readonly payloadBytes: number
}
export interface IcmpLayer extends Span {
  readonly protocol: 'icmp' | 'icmpv6'
  readonly type: number
  readonly code: number
  readonly identifier?: number
  readonly sequence?: number
  /** Next-hop MTU of "fragmentation needed" or "packet too big". */
  readonly mtuBytes?: number
}
export interface VxlanLayer extends Span {
  readonly protocol: 'vxlan'
  readonly vni: number
  /** The I flag of RFC 7348: the VNI is valid. */
  readonly vniValid: boolean
}
export interface EspLayer extends Span {
  readonly protocol: 'esp'
  /** `0x` and 8 hexadecimal digits. */
  readonly spi: string
  readonly sequence: number
  readonly payloadBytes: number
}
/** The record header that starts this TCP segment's payload, if it is one. */
export interface TlsLayer extends Span {
  readonly protocol: 'tls'
  readonly contentType: number
  readonly version: number
  readonly recordBytes: number
}

/** What is decoded, by protocol. A file of a layer adds its own; see `PacketLayer`. */
export interface Layers {
  ethernet: EthernetLayer
  cooked: CookedLayer
  vlan: VlanLayer
  arp: ArpLayer
  ipv4: Ipv4Layer
  ipv6: Ipv6Layer
  udp: UdpLayer
  tcp: TcpLayer
  icmp: IcmpLayer
  icmpv6: IcmpLayer
  vxlan: VxlanLayer
  esp: EspLayer
  tls: TlsLayer
}

export type Layer = Layers[keyof Layers]

export type Protocol = Layer['protocol']

export interface DecodeOptions {
  /** UDP destination ports whose payload is VXLAN; [4789] by default. */
  readonly vxlanPorts?: readonly number[]
  /** LINKTYPE_ of the bytes; 1 (Ethernet) by default. */
  readonly linkType?: number
  /** Length on the wire, if the capture kept less; the length of the bytes by default. */
  readonly originalBytes?: number
}
