import type { Origin } from './probe.ts'

/** What is sent from one end to another, as a number of equal datagrams at a steady rate. */
export interface BurstFlow {
  readonly from: Origin
  readonly to: Origin
  /** IPv4 address of the receiving end. */
  readonly address: string
  /** `echo`: of ICMP, which the receiver's kernel answers itself; only between hosts' own namespaces. */
  readonly kind: 'udp' | 'echo'
}

/** Of each flow. */
export interface BurstLoad {
  readonly datagrams: number
  readonly perSecond: number
  /** Of UDP or ICMP payload. */
  readonly payloadBytes: number
}

/** What became of one flow: counted where it was sent, and where it arrived. */
export interface BurstCounts {
  readonly sent: number
  /** Of them, those that the sender's kernel did not take. */
  readonly refused: number
  /** All that arrived, those that came again included. */
  readonly received: number
  /** Different ones that arrived. */
  readonly distinct: number
  /** Different ones that arrived after one that was sent later. */
  readonly overtaken: number
  /** Echoes that came back to the sender within a second of the last datagram. */
  readonly answered: number
  /** Of the echoes; absent where none came. */
  readonly roundTripMs?: {
    readonly shortest: number
    readonly median: number
    /** 95 of 100 were faster. */
    readonly ninetyFifth: number
    readonly longest: number
  }
}

/** How a host was while it sent and received. */
export interface BurstHost {
  /** Parts of the time of all its processors together. */
  readonly idleShare: number
  /** Taken by the machine it runs on. */
  readonly stolenShare: number
  /** The longest that a datagram was sent behind its time. */
  readonly longestDelayMs: number
  /** Datagrams that arrived and that the receiving sockets had no room for. */
  readonly overflows: number
}

export interface BurstSeen {
  /** In the order of the flows. */
  readonly flows: readonly BurstCounts[]
  readonly hosts: Readonly<Record<string, BurstHost>>
}
