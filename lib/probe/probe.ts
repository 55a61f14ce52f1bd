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
  /** Time allowed for the answer; default 2 000. */
  readonly timeoutMs?: number
}

export interface UdpRequest extends Request {
  readonly kind: 'udp'
  readonly port: number
  readonly payload: Uint8Array
  /** False: outcome is `sent` as soon as the kernel took it. */
  readonly expectReply: boolean
  readonly dontFragment?: boolean
}
export interface TcpRequest extends Request {
  readonly kind: 'tcp'
  readonly port: number
  /** Written once connected; then everything is read until the peer closes. Without it the connection is closed at once. */
  readonly request?: Uint8Array
  /** Fresh connections one after another; default 1. */
  readonly repeat?: number
}
export interface IcmpRequest extends Request {
  readonly kind: 'icmp'
  /** Bytes of the whole IPv4 packet, headers included. */
  readonly packetBytes: number
  readonly dontFragment?: boolean
}
export type ProbeRequest = UdpRequest | TcpRequest | IcmpRequest

/** A UDP echo server that lives in a namespace while the probes run. */
export interface Responder {
  readonly at: Origin
  readonly port: number
}

export interface ProbeOptions {
  readonly responders?: readonly Responder[]
}

export interface Observation {
  readonly request: ProbeRequest
  /**
   * `too-big`: refused locally with EMSGSIZE. `unreachable`: an ICMP error or no route. `refused`: RST or port unreachable.
   */
  readonly outcome:
    'answered' | 'connected' | 'sent' | 'timeout' | 'refused' | 'unreachable' | 'too-big' | 'error'
  /** errno name where there is one, e.g. EHOSTUNREACH. */
  readonly errno?: string
  /** Time to the answer. */
  readonly elapsedMs: number
  /** Up to 4 096 bytes of the reply; one entry per repeat for TCP. */
  readonly replies: readonly Buffer[]
  /** All bytes received, beyond what `replies` keeps; one entry per repeat. */
  readonly replyBytes: readonly number[]
}
