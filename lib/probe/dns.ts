import { randomInt } from 'node:crypto'
import { isIP } from 'node:net'
import { decode, encode } from 'dns-packet'
import { SwarmproofError } from '../error.ts'
import type { Observation, Origin, UdpRequest } from './probe.ts'

/** Docker's resolver: it answers inside every container's network namespace, by NAT rules there. */
export const dockerDns = '127.0.0.11'

export interface DnsAnswer {
  /** e.g. NOERROR, NXDOMAIN, SERVFAIL. */
  readonly rcode: string
  readonly addresses: readonly string[]
  /** Smallest of the answer's records, in seconds; undefined without records. */
  readonly ttlSeconds?: number
}

/** A query as a probe; the time allowed covers a resolver that first asks others. */
export function dnsQuery(
  from: Origin,
  name: string,
  type: 'A' | 'AAAA' = 'A',
  server: string = dockerDns,
): UdpRequest {
  const payload = encode({
    type: 'query',
    id: randomInt(0x1_0000),
    flags: 0x100,
    questions: [{ type: type, name }],
  })
  return { kind: 'udp', from, to: server, port: 53, payload, expectReply: true, timeoutMs: 5_000 }
}

/** The answer in an observation; undefined if none came. An answer that cannot be read is an error. */
export function dnsAnswer(observation: Observation): DnsAnswer | undefined {
  const reply = observation.replies[0]
  if (observation.outcome !== 'answered' || reply === undefined) return undefined
  const query = observation.request.kind === 'udp' ? observation.request.payload : undefined
  if (reply.length < 12 || (query !== undefined && !reply.subarray(0, 2).equals(query.subarray(0, 2)))) {
    throw unreadable(observation, 'no DNS header, or that of another query')
  }
  try {
    const packet = decode(reply)
    const records = (packet.answers ?? []).flatMap((answer) =>
      answer.type === 'A' || answer.type === 'AAAA' ? [{ address: answer.data, ttl: answer.ttl ?? 0 }] : [],
    )
    const strange = records.find(({ address }) => isIP(address) === 0)
    if (strange) throw new Error(`'${strange.address}' is not an address`)
    return {
      rcode: rcodes[reply.readUInt16BE(2) & 0xf] ?? `rcode ${reply.readUInt16BE(2) & 0xf}`,
      addresses: records.map(({ address }) => address),
      ...(records.length === 0 ? {} : { ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)) }),
    }
  } catch (cause) {
    throw unreadable(observation, 'a malformed message', cause)
  }
}

const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']

function unreadable({ request, replies }: Observation, what: string, cause?: unknown): SwarmproofError {
  return new SwarmproofError({
    code: 'DNS_ANSWER_UNREADABLE',
    what: `the answer of ${request.to} to ${request.from.label} is ${what}`,
    host: request.from.host.name,
    observed: replies[0]?.subarray(0, 64).toString('hex') ?? '',
    cause,
  })
}
