import { ipv4Address } from '../identifier.ts'
import { protocolLine } from '../remote/protocol-line.ts'
import type { Origin, ProbeOutcome, ProbeRequest, Responder, ProbeAttempt } from './probe.ts'

/**
 * What driver and agent say to each other, a line at a time.
 *
 * | driver | |
 * |---|---|
 * | `limit SECONDS` | the agent ends itself after them |
 * | `window N` | probes under way at a time |
 * | `space N FILE` | a network namespace, referred to by number from here on |
 * | `respond N PORT NONCE` | UDP server in a namespace; sends back what begins with NONCE |
 * | `answer N PORT NONCE WORD` | TCP server there that answers each line `NONCE TEXT` with `WORD TEXT`, until another |
 * | `udp│tcp│icmp ID SPACE ADDRESS PORT TIMEOUT_MS REPEAT REPLY DF PAYLOAD [IDLE_MS]` | a probe; PAYLOAD is `-` for none or `x` and hexadecimal bytes |
 * | `end` | of the plan; the agent answers `ready` once its responders listen |
 * | `go` | start probing |
 * | `stop` | end; so does the end of input |
 *
 * | agent | |
 * |---|---|
 * | `ready` | responders listen |
 * | `broken TEXT` | the plan cannot be carried out; the agent ends |
 * | `start µs` | probing starts now, by its monotonic clock |
 * | `result ID ATTEMPT WHAT ERRNO STARTED_µs ELAPSED_µs SOURCE PORT BYTES PAYLOAD` | an attempt ended |
 * | `done` | all of them did; responders go on |
 */
export interface Plan {
  readonly lines: readonly string[]
  /** The longest the agent may take before it ends itself. */
  readonly limitSeconds: number
}

export interface AgentRequest {
  readonly id: number
  readonly request: ProbeRequest
}

export const defaultProbeTimeoutMs = 5_000
const defaultConcurrency = 8
const ipv4HeaderBytes = 20
const icmpHeaderBytes = 8

export function encodePlan(
  requests: readonly AgentRequest[],
  responders: readonly Responder[],
  {
    concurrency = defaultConcurrency,
    waves = 1,
  }: { readonly concurrency?: number | undefined; readonly waves?: number } = {},
): Plan {
  const spaces = new Map<string, number>()
  const space = (origin: Origin): number => {
    const path = namespacePath(origin)
    const known = spaces.get(path)
    if (known !== undefined) return known
    spaces.set(path, spaces.size)
    return spaces.size - 1
  }
  const probes = requests.map(({ id, request }) => encodeRequest(id, space(request.from), request))
  const servers = responders.map(({ at, port, nonce, says }) =>
    says === undefined
      ? protocolLine('respond', space(at), port, word(nonce))
      : protocolLine('answer', space(at), port, word(nonce), word(says)),
  )
  // Waits for its turn and answers others as long as the waves take.
  const limitSeconds = waves * Math.min(1800, 60 + Math.ceil(longestMs(requests) / 1000))
  return {
    limitSeconds,
    lines: [
      `limit ${limitSeconds}`,
      `window ${concurrency}`,
      ...[...spaces].map(([path, number]) => protocolLine('space', number, path)),
      ...servers,
      ...probes,
      'end',
    ],
  }
}

function word(text: string): string {
  if (/^[A-Za-z0-9.-]+$/.test(text)) return text
  throw new RangeError(`'${text}' is not a word for a responder`)
}

function longestMs(requests: readonly AgentRequest[]): number {
  return requests.reduce((sum, { request }) => sum + timeoutOf(request) * repeatOf(request), 0)
}

function namespacePath({ namespace }: Origin): string {
  if (namespace === 'host') return '/proc/self/ns/net'
  return 'pid' in namespace ? `/proc/${namespace.pid}/ns/net` : namespace.path
}

function repeatOf(request: ProbeRequest): number {
  return request.kind === 'tcp' ? Math.max(1, request.repeat ?? 1) : 1
}

function encodeRequest(id: number, space: number, request: ProbeRequest): string {
  const port = request.kind === 'icmp' ? 0 : request.port
  const reply = request.kind === 'udp' && !request.expectReply ? 0 : 1
  const dontFragment = request.kind !== 'tcp' && request.dontFragment === true ? 1 : 0
  return protocolLine(
    request.kind,
    id,
    space,
    // One that has no address there; the agent then says what comes of it.
    request.to === '' ? '' : ipv4Address(request.to),
    port,
    timeoutOf(request),
    repeatOf(request),
    reply,
    dontFragment,
    hex(payload(request)),
    ...(idleOf(request) === 0 ? [] : [idleOf(request)]),
  )
}

function idleOf(request: ProbeRequest): number {
  return request.kind === 'tcp' ? (request.idleMs ?? 0) : 0
}

function timeoutOf(request: ProbeRequest): number {
  return (request.timeoutMs ?? defaultProbeTimeoutMs) + idleOf(request)
}

function payload(request: ProbeRequest): Uint8Array | undefined {
  if (request.kind === 'udp') return request.payload
  if (request.kind === 'tcp') return request.request
  const bytes = Math.max(0, request.packetBytes - ipv4HeaderBytes - icmpHeaderBytes)
  return Buffer.from(Array.from({ length: bytes }, (_, i) => i & 0xff))
}

function hex(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '-' : `x${Buffer.from(bytes).toString('hex')}`
}

export interface AgentResult {
  readonly id: number
  readonly attempt: number
  readonly outcome: ProbeOutcome
  readonly errno?: string
  readonly startedMicroseconds: number
  readonly elapsedMs: number
  readonly source?: ProbeAttempt['source']
  readonly replyBytes: number
  readonly reply: Buffer
}

/** Reads a `result` line; undefined if it is none. */
export function decodeResult(line: string): AgentResult | undefined {
  const word = line.split(' ')
  if (word[0] !== 'result' || word.length !== 11) return undefined
  const [id, attempt, errno, started, elapsed, port, bytes] = [1, 2, 4, 5, 6, 8, 9].map((i) =>
    Number(word[i]),
  )
  const name = errnoNames[errno ?? 0]
  const source = word[7] === '-' ? undefined : { address: word[7] ?? '', ...(port ? { port } : {}) }
  return {
    id: id ?? 0,
    attempt: attempt ?? 0,
    outcome: outcomeOf(word[3] ?? '', name),
    ...(errno ? { errno: name ?? `errno ${errno}` } : {}),
    startedMicroseconds: started ?? 0,
    elapsedMs: (elapsed ?? 0) / 1000,
    ...(source === undefined ? {} : { source }),
    replyBytes: bytes ?? 0,
    reply: Buffer.from(word[10] === '-' ? '' : (word[10] ?? ''), 'hex'),
  }
}

/** `local`: a system call that sends was refused. `remote`: an error the network brought back. */
function outcomeOf(what: string, errno: string | undefined): ProbeOutcome {
  if (what === 'answered' || what === 'connected' || what === 'sent' || what === 'timeout') return what
  if (what === 'local' && errno === 'EMSGSIZE') return 'too-big'
  return outcomes[errno ?? ''] ?? 'error'
}

const outcomes: Readonly<Record<string, ProbeOutcome>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  ENOPROTOOPT: 'unreachable',
  EMSGSIZE: 'unreachable',
  ETIMEDOUT: 'timeout',
}

/** Linux, the same on every processor the agent knows. */
const errnoNames: Readonly<Record<number, string>> = {
  1: 'EPERM',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  22: 'EINVAL',
  32: 'EPIPE',
  90: 'EMSGSIZE',
  92: 'ENOPROTOOPT',
  99: 'EADDRNOTAVAIL',
  100: 'ENETDOWN',
  101: 'ENETUNREACH',
  103: 'ECONNABORTED',
  104: 'ECONNRESET',
  105: 'ENOBUFS',
  110: 'ETIMEDOUT',
  111: 'ECONNREFUSED',
  112: 'EHOSTDOWN',
  113: 'EHOSTUNREACH',
}
