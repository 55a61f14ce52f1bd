import type { Host } from '../host/host.ts'

/**
 * Sends traffic and reports what happened; never judges. Many requests in one call: the number of remote
 * calls grows with the hosts in it, not with the requests.
 */
export interface Probe {
  /** Observations in the order of the requests. */
  send(requests: readonly ProbeRequest[], options?: ProbeOptions): Promise<readonly Observation[]>
}

/** Where a probe starts: a network namespace of a host. */
export interface Origin {
  readonly host: Host
  /** Process id whose network namespace to use, or a namespace file, or the host's own. */
  readonly namespace: { readonly pid: number } | { readonly path: string } | 'host'
  /** How a report names it, e.g. `web.1@worker1`. */
  readonly label: string
}

interface Request {
  readonly from: Origin
  /** IPv4 address. */
  readonly to: string
  /** Time allowed for the answer, for each repeat separately; default 5 000. */
  readonly timeoutMs?: number
}

export interface UdpRequest extends Request {
  readonly kind: 'udp'
  readonly port: number
  readonly payload: Uint8Array
  /** False: outcome is `sent` as soon as the kernel took it. */
  readonly expectReply: boolean
  /** Sets DF and refuses to send what exceeds the path MTU (IP_PMTUDISC_DO); otherwise DF is clear. */
  readonly dontFragment?: boolean
}
export interface TcpRequest extends Request {
  readonly kind: 'tcp'
  readonly port: number
  /** Written once connected; then everything is read until the peer closes. Without it the connection is closed at once. */
  readonly request?: Uint8Array
  /** Fresh connections one after another; default 1. Once two got no answer in time, the others are given 2 s each. */
  readonly repeat?: number
  /** Between connecting and writing the request nothing is sent for so long. Comes on top of `timeoutMs`. */
  readonly idleMs?: number
}
export interface IcmpRequest extends Request {
  readonly kind: 'icmp'
  /** Bytes of the whole IPv4 packet, headers included. */
  readonly packetBytes: number
  /** As for UDP. */
  readonly dontFragment?: boolean
}
export type ProbeRequest = UdpRequest | TcpRequest | IcmpRequest

/** A server that lives in a namespace while the probes run. */
export interface Responder {
  readonly at: Origin
  readonly port: number
  /**
   * Whatever does not begin with it is left without an answer: the port may be published to strangers, and a server
   * that echoes to anybody can be turned on others. Made by `responderNonce`, put first by `datagramFor` and `linesFor`.
   */
  readonly nonce: string
  /**
   * Without it the server sends UDP datagrams back as they are, but for those from ports that servers have: those below
   * 1024 and its own. With it, it takes TCP connections and answers each line with this word, a blank and what follows
   * the nonce, until an empty one or one without the nonce, after which it closes. Letters, digits, dots and hyphens.
   */
  readonly says?: string
}

export interface ProbeOptions {
  readonly responders?: readonly Responder[]
  /**
   * Requests under way at a time on each host; default 8. They start in order. One that has waited for three seconds no
   * longer counts, up to four times as many: what is silent does not hold up what is not.
   */
  readonly concurrency?: number
}

/**
 * `answered`: a reply came; for TCP, the peer closed after the request was written. `connected`: TCP without a
 * request. `too-big`: refused locally with EMSGSIZE. `refused`: RST on connecting, or port unreachable.
 * `unreachable`: another ICMP error, or no route. `error`: anything else, named by errno; EPERM is a local
 * firewall, ECONNRESET a connection cut off after it was made.
 */
export type ProbeOutcome =
  'answered' | 'connected' | 'sent' | 'timeout' | 'refused' | 'unreachable' | 'too-big' | 'error'

/** One connection, datagram or echo. */
export interface ProbeAttempt {
  readonly outcome: ProbeOutcome
  /** errno name where there is one, e.g. EHOSTUNREACH. */
  readonly errno?: string
  /** Since the probes were started on its host. */
  readonly startedMs: number
  readonly elapsedMs: number
  /** Where it was sent from, as far as it got that far; finds the packets in a capture. No port for ICMP. */
  readonly source?: { readonly address: string; readonly port?: number }
}

export interface Observation {
  readonly request: ProbeRequest
  /** Of the first attempt that did not succeed, or of the first if all did. */
  readonly outcome: ProbeOutcome
  /** errno name where there is one, e.g. EHOSTUNREACH. */
  readonly errno?: string
  /** Time to the answer; the sum of all attempts. */
  readonly elapsedMs: number
  /** How often it was sent in vain, of a datagram that was sent again: all else is of the one that was answered, or the first. */
  readonly unanswered?: number
  /** Every repeat for TCP; one entry otherwise. `replies` and `replyBytes` run parallel to it. */
  readonly attempts: readonly ProbeAttempt[]
  /** Up to 4 096 bytes of each reply: what TCP sent, the UDP payload, the data of the ICMP echo. */
  readonly replies: readonly Buffer[]
  /** All bytes received, beyond what `replies` keeps; for ICMP the whole IPv4 packet. */
  readonly replyBytes: readonly number[]
}
