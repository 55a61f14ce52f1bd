import { ipv4Address } from '../identifier.ts'
import { protocolLine } from '../remote/protocol-line.ts'
import type { BurstCounts, BurstFlow, BurstHost, BurstLoad } from './burst.ts'
import type { Origin } from './probe.ts'

/**
 * What is said to `burst.pl` and what it says, a line at a time. Flows are numbered over all hosts.
 *
 * | driver | |
 * |---|---|
 * | `limit SECONDS` | the program ends itself after them |
 * | `port PORT NONCE` | of all datagrams; what does not begin with NONCE is neither counted nor answered |
 * | `space N FILE` | a network namespace, referred to by number from here on |
 * | `end N udp│echo` | opens a socket there |
 * | `flow ID N udp│echo ADDRESS COUNT PER_SECOND BYTES` | what is to be sent from there |
 * | `listen` | all of that was said; answered with `ready` |
 * | `go` | start sending; answered with `sent` a second after the last datagram |
 * | `tell` | what was counted; ends with `done` |
 * | `stop` | end; so does the end of input |
 *
 * | program | |
 * |---|---|
 * | `flow ID SENT REFUSED ANSWERED µs µs µs µs` | shortest, median, 95th and longest round trip |
 * | `arrived ID RECEIVED DISTINCT OVERTAKEN` | of a flow that another host sent |
 * | `host TICKS IDLE STOLEN DELAY_µs OVERFLOWS` | since `go`, of all processors together |
 * | `broken TEXT` | it cannot be carried out; the program ends |
 */
export interface BurstPlan {
  readonly host: string
  readonly lines: readonly string[]
}

/** Where the sockets are; no service of a task listens there. */
const burstPort = 7019

/** The most a burst may take before the program ends itself. */
const patienceSeconds = 60

export function burstPlans(flows: readonly BurstFlow[], load: BurstLoad, nonce: string): BurstPlan[] {
  const hosts = [...new Set(flows.flatMap(({ from, to }) => [from.host, to.host]))]
  const limit = patienceSeconds + Math.ceil(load.datagrams / load.perSecond)
  return hosts.map(({ name }) => {
    const spaces = new Map<string, number>()
    const space = (origin: Origin): number => {
      const path = pathOf(origin)
      if (!spaces.has(path)) spaces.set(path, spaces.size)
      return spaces.get(path) ?? 0
    }
    const ends = flows.flatMap(({ from, to, kind }) =>
      [from, to]
        .filter(({ host }) => host.name === name)
        .map((origin) => protocolLine('end', space(origin), kind)),
    )
    const sends = flows.flatMap(({ from, address, kind }, id) =>
      from.host.name === name
        ? [protocolLine('flow', id, space(from), kind, ipv4Address(address), ...numbersOf(load))]
        : [],
    )
    return {
      host: name,
      lines: [
        ...[protocolLine('limit', limit), protocolLine('port', burstPort, nonce)],
        ...[...spaces].map(([path, number]) => protocolLine('space', number, path)),
        ...new Set(ends),
        ...[...sends, 'listen'],
      ],
    }
  })
}

function numbersOf({ datagrams, perSecond, payloadBytes }: BurstLoad): number[] {
  return [datagrams, perSecond, payloadBytes]
}

function pathOf({ namespace }: Origin): string {
  if (namespace === 'host') return '/proc/self/ns/net'
  return 'pid' in namespace ? `/proc/${namespace.pid}/ns/net` : namespace.path
}

export type BurstReport =
  | {
      readonly what: 'flow'
      readonly id: number
      readonly counts: Pick<BurstCounts, 'sent' | 'refused' | 'answered' | 'roundTripMs'>
    }
  | {
      readonly what: 'arrived'
      readonly id: number
      readonly counts: Pick<BurstCounts, 'received' | 'distinct' | 'overtaken'>
    }
  | { readonly what: 'host'; readonly host: BurstHost }

/** Reads a line of figures; undefined if it is none. */
export function readBurstLine(line: string): BurstReport | undefined {
  if (!/^(flow( \d+){8}|arrived( \d+){4}|host( \d+){5})$/.test(line)) return undefined
  const [what, ...words] = line.split(' ')
  const [a = 0, b = 0, c = 0, d = 0, ...trips] = words.map(Number)
  if (what === 'arrived') return { what, id: a, counts: { received: b, distinct: c, overtaken: d } }
  if (what === 'host') {
    const share = (ticks: number): number => (a === 0 ? 0 : Math.round((1000 * ticks) / a) / 1000)
    const host = { idleShare: share(b), stolenShare: share(c), longestDelayMs: milliseconds(d) }
    return { what, host: { ...host, overflows: trips[0] ?? 0 } }
  }
  const [shortest = 0, median = 0, ninetyFifth = 0, longest = 0] = trips.map(milliseconds)
  const counts = { sent: b, refused: c, answered: d }
  const roundTripMs = { shortest, median, ninetyFifth, longest }
  return { what: 'flow', id: a, counts: { ...counts, ...(d === 0 ? {} : { roundTripMs }) } }
}

function milliseconds(microseconds: number): number {
  return Math.round(microseconds / 10) / 100
}
