/**
 * One packet that a capture kept, reduced to what judgements look at. Matching against words that were sent is part of
 * observing, because the bytes themselves stay in the capture file.
 */
export interface Frame {
  /** Position in the capture file, from 1. */
  readonly index: number
  /** Seconds since 1970, by the host's clock. */
  readonly at: number
  /**
   * It left the host that recorded it: its Ethernet source is the interface's own. Told by no address, because an
   * address may be wrong; decrypted packets pass the receiving tap again, never as egress.
   */
  readonly egress: boolean
  readonly ether?: { readonly source: string; readonly destination: string }
  readonly outer?: IpSeen
  readonly udp?: PortsSeen
  readonly tcp?: PortsSeen & { readonly flags: string; readonly bytes: number }
  readonly vxlan?: { readonly vni: number; readonly valid: boolean }
  readonly esp?: { readonly spi: string; readonly sequence: number }
  readonly inner?: InnerSeen
  /** Of the bytes behind the outermost IP header (behind VXLAN's where there is one): the same on both sides. */
  readonly digest: string
  /**
   * Of the innermost Ethernet frame of a UDP datagram over IPv4, without checksums: the same bare and encapsulated.
   */
  readonly innermost?: string
  /** Of a packet that arrived; absent of what left, which the card still completes, and of what is not there whole. */
  readonly checksums?: ChecksumsSeen
  /** Names of the words that were found in its bytes. */
  readonly matched: readonly string[]
  readonly wireBytes: number
}

/** Outside VXLAN and inside it; `unfinished`: it holds the sum of the pseudo-header alone. */
export interface ChecksumsSeen {
  readonly outer?: 'right' | 'wrong' | 'unfinished'
  readonly inner?: 'right' | 'wrong' | 'unfinished'
}

export interface IpSeen {
  readonly source: string
  readonly destination: string
  readonly ttl: number
  readonly bytes: number
  readonly dontFragment?: true
  /** `protocol` is what the whole datagram carries: fragments behind the first do not show it otherwise. */
  readonly fragment?: {
    readonly offset: number
    readonly more: boolean
    readonly id: number
    readonly protocol: number
  }
}

export interface PortsSeen {
  readonly from: number
  readonly to: number
}

/** What is inside VXLAN. */
export interface InnerSeen {
  readonly ether?: { readonly source: string; readonly destination: string }
  /** Absent for frames without IP, such as ARP. */
  readonly ip?: IpSeen
  readonly arp?: true
  readonly udp?: PortsSeen
  readonly tcp?: PortsSeen & { readonly flags: string; readonly bytes: number }
  readonly icmp?: { readonly type: number; readonly code: number; readonly sequence?: number }
}

/** What one interface of one node carried. */
export interface WireSeen {
  readonly node: string
  readonly interface: string
  /** Below the run's folder. */
  readonly file: string
  readonly startedAt: string
  readonly endedAt: string
  readonly frames: readonly Frame[]
  /** Packets that were recorded and not kept, by what they were; see `docs/security.md`. */
  readonly passedOver: Readonly<Record<string, number>>
  readonly droppedByKernel: number
  readonly droppedByInterface: number
}

/** A frame and where it was seen. */
export interface SeenFrame extends Frame {
  readonly seenOn: string
  readonly file: string
}

/** A packet in a capture file of the run. */
export interface PacketRef {
  /** Below the run's folder. */
  readonly file: string
  /** Position in the file, from 1. */
  readonly index: number
}

/** Frames of several recordings, with where each was seen. */
export function seenFrames(wires: Iterable<WireSeen>): SeenFrame[] {
  return [...wires].flatMap(({ node, file, frames }) =>
    frames.map((frame) => ({ ...frame, file, seenOn: node })),
  )
}

export function refOf({ file, index }: SeenFrame): PacketRef {
  return { file, index }
}
