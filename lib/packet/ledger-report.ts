/**
 * The ledger of a capture: what `swarmproof inspect FILE --json` prints, key by key.
 *
 * Every `bytes` of an outer row counts whole frames as they were on the wire (link layer included), also
 * where the capture kept less of them. Rows are one-way: a conversation is two rows.
 */
export interface LedgerReport {
  readonly file: string
  readonly format: 'pcap' | 'pcapng'
  readonly packets: number
  readonly bytes: number
  /**
   * `false`, or why packets are missing: the file ends early, parts of it are damaged, or it has more VXLAN tunnels
   * or security associations (65536 each) or inner flows (524288) than there are rows.
   */
  readonly truncated: false | string
  /**
   * Packets whose bytes contradict a protocol (or whose link type is not decoded). What stands before the
   * contradiction is in the rows all the same. A packet shortened by the capture is not malformed for that.
   */
  readonly malformed: number
  /** Earliest and latest time of any packet, ISO 8601 with the capture's decimals; null if none has a time. */
  readonly firstTimestamp: string | null
  readonly lastTimestamp: string | null
  readonly vxlan: readonly VxlanRow[]
  readonly esp: readonly EspRow[]
  readonly flows: readonly FlowRow[]
  /** Outermost IP packets that are only part of a datagram. */
  readonly outerFragments: number
}

/**
 * VXLAN datagrams by network, pair of tunnel ends and UDP destination port. A fragmented one counts with its
 * first fragment, which alone shows the VNI; the others are in `flows` and in `outerFragments`.
 */
export interface VxlanRow {
  readonly vni: number
  readonly outerSource: string
  readonly outerDestination: string
  readonly port: number
  readonly packets: number
  readonly bytes: number
  /** Largest total length of an outer IP packet; above the MTU it is a segment the sender's card will split. */
  readonly largestOuterIpBytes: number
  readonly innerFlows: readonly InnerFlowRow[]
}

/** `bytes` counts the inner Ethernet frames, without any of the encapsulation. */
export interface InnerFlowRow {
  readonly source: string
  readonly destination: string
  readonly protocol: string | number
  readonly packets: number
  readonly bytes: number
}

/**
 * ESP by security association. `firstSequence` and `lastSequence` are the lowest and highest number seen, in
 * whatever order they came; `missing` of the numbers between them were never seen, and `duplicates` packets
 * repeated a number. So packets - duplicates + missing = lastSequence - firstSequence + 1.
 */
export interface EspRow {
  /** `0x` and 8 hexadecimal digits. */
  readonly spi: string
  readonly source: string
  readonly destination: string
  readonly packets: number
  readonly bytes: number
  readonly firstSequence: number
  readonly lastSequence: number
  readonly missing: number
  readonly duplicates: number
}

/**
 * Frames by outermost addresses. Ports are null where the protocol has none, and in later fragments.
 * ARP is `arp` between the protocol addresses asked from and for. Frames of other EtherTypes have MAC
 * addresses and `0x` and the EtherType, or `llc`. Once a table is full (524288 rows) further flows stand
 * together in a last row `other` from `*` to `*`.
 */
export interface FlowRow {
  readonly protocol: string | number
  readonly source: string
  readonly sourcePort: number | null
  readonly destination: string
  readonly destinationPort: number | null
  readonly packets: number
  readonly bytes: number
}
