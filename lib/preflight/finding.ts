/** Whether something was seen; `unknown` where nobody could look. */
export type Seen = 'yes' | 'no' | 'unknown'

/** What became of one kind of traffic in one direction. */
export interface PortFinding {
  readonly from: string
  readonly to: string
  /** `2377/tcp`, `7946/tcp`, `7946/udp`, `4789/udp` or whichever port the data path has, `esp` for protocol 50. */
  readonly what: string
  /** An interface of the sender sent it, past the sender's firewall. */
  readonly left: Seen
  /** An interface of the receiver received it, before the receiver's firewall. */
  readonly arrived: Seen
  /** A socket of the receiver got it, past the receiver's firewall; `unknown` where the engine holds the port. */
  readonly accepted: Seen
  /** One sentence. */
  readonly detail: string
}

/** The largest packet that arrives whole in one direction. */
export interface MtuFinding {
  readonly from: string
  readonly to: string
  /** Length of the IP packet; undefined where nothing got through that could be measured with. */
  readonly pathBytes: number | undefined
  /** MTU of the sender's interface. */
  readonly interfaceBytes: number
  readonly detail: string
}

export interface Preflight {
  readonly ports: readonly PortFinding[]
  readonly mtu: readonly MtuFinding[]
  /** Hosts that could not take part, each with the reason. */
  readonly unmeasured: readonly { readonly host: string; readonly why: string }[]
}

export function isBlocked({ left, arrived, accepted }: PortFinding): boolean {
  return [left, arrived, accepted].includes('no')
}

export function isTooSmall({ pathBytes, interfaceBytes }: MtuFinding): boolean {
  return pathBytes !== undefined && pathBytes < interfaceBytes
}
