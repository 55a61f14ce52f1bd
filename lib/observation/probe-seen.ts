/** What came of one probe, as JSON: replies as text, cut short; bytes that were sent are told by their length alone. */
export interface ProbeSeen {
  readonly kind: 'icmp' | 'udp' | 'tcp'
  /** Label of where it was sent from, e.g. `swp-web@worker1`, and the node that is on. */
  readonly from: string
  readonly fromNode: string
  readonly to: string
  readonly port?: number
  /** Of the first attempt that did not succeed, or of the first if all did; as in `lib/probe/probe.ts`. */
  readonly outcome: ProbeOutcomeSeen
  readonly errno?: string
  readonly elapsedMs: number
  /** How often it was sent in vain, of a datagram that was sent again; as in `lib/probe/probe.ts`. */
  readonly unanswered?: number
  readonly attempts: readonly AttemptSeen[]
  /** The body of each HTTP reply, trimmed; the text of other replies; at most 200 characters each. */
  readonly replies: readonly string[]
  readonly replyBytes: readonly number[]
  /** UDP: whether the reply was, byte for byte, what had been sent. */
  readonly echoed?: boolean
  /** Of a question to a resolver: what it answered; absent if nothing came. */
  readonly dns?: DnsSeen
  /** TCP with a request: of each reply its HTTP status and the bytes behind its headers; null where it is no HTTP. */
  readonly http?: readonly (HttpSeen | null)[]
}

export interface DnsSeen {
  /** e.g. NOERROR, NXDOMAIN; `unreadable` for bytes that are no answer to the question. */
  readonly rcode: string
  readonly addresses: readonly string[]
}

export interface HttpSeen {
  readonly status: number
  readonly bodyBytes: number
}

export type ProbeOutcomeSeen =
  'answered' | 'connected' | 'sent' | 'timeout' | 'refused' | 'unreachable' | 'too-big' | 'error'

export interface AttemptSeen {
  readonly outcome: ProbeOutcomeSeen
  readonly errno?: string
  readonly startedMs: number
  readonly elapsedMs: number
  readonly source?: { readonly address: string; readonly port?: number }
}

/** What the sender's own kernel answers where it does not send: full tables or queues, rules for what leaves. */
const unsent: ReadonlySet<string | undefined> = new Set(['ENOBUFS', 'ENOMEM', 'EPERM'])

export const isUnsent = ({ outcome, errno }: Pick<ProbeSeen, 'outcome' | 'errno'>): boolean =>
  outcome === 'error' && unsent.has(errno)

/** What came of a probe, short: for what a problem observed. */
export function outcomeSeen({
  outcome,
  errno,
  elapsedMs,
  unanswered = 1,
}: Pick<ProbeSeen, 'outcome' | 'errno' | 'elapsedMs' | 'unanswered'>): string {
  const why = errno === undefined ? '' : ` (${errno})`
  const again = unanswered > 1 ? ', nor when it was sent again' : ''
  if (outcome === 'timeout') return `no answer within ${(elapsedMs / 1000).toFixed(1)} s${again}`
  return `${outcome}${why}`
}

/** For the end of a conclusion: how many datagrams were answered only when they were sent again. */
export function sentAgainNote(probes: readonly Pick<ProbeSeen, 'outcome' | 'unanswered'>[]): string {
  const count = probes.filter(
    ({ outcome, unanswered }) => outcome === 'answered' && unanswered !== undefined,
  ).length
  if (count === 0) return ''
  return `; ${count === 1 ? 'one datagram was' : `${count} datagrams were`} lost and answered when sent again`
}
