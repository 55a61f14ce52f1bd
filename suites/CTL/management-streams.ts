import type { Recording } from '../../lib/capture/capture.ts'
import type { ClusterFacts, NodeFacts } from '../../lib/observation/facts.ts'
import type { Control } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { layerOf, outerIp } from '../../lib/packet/query.ts'
import { managementPort } from '../scene/recordings/control-traffic.ts'
import { readableNames } from './readable-names.ts'
import { type TcpStream, tcpStreams } from './tcp-stream.ts'
import { judgeTls } from './tls-records.ts'

/** What one end of a connection to or from port 2377 sent: what its bytes are, and what can be read in them. */
export interface StreamSeen {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  readonly bytes: number
  /** Recorded from its SYN on. */
  readonly fromStart: boolean
  readonly form: 'tls' | 'not-tls' | 'undecided'
  /** Of TLS. */
  readonly records?: number
  readonly skippedBytes?: number
  /** Where it stops being TLS, and the bytes there in hexadecimal. */
  readonly at?: number
  readonly bytesThere?: string
  /** Names that stand readable in its application data, or, of a stream that was under way, in any of its bytes. */
  readonly readable: readonly string[]
  /** Of the connection that was made in clear on purpose. */
  readonly isControl: boolean
}

/** What port 2377 carried, each packet once: as its sender recorded it, and those of strangers as their receiver did. */
export function managementStreams(
  recordings: readonly Recording[],
  nodes: readonly NodeFacts[],
  { nonce, names }: { readonly nonce: string; readonly names: readonly string[] },
): StreamSeen[] {
  const streams = tcpStreams(leavingOnce(recordings, nodes))
  const clear = streams.filter(({ runs }) => runs.some(({ bytes }) => bytes.includes(nonce)))
  return streams.map((stream) =>
    streamSeen(
      stream,
      names,
      clear.some((known) => areOneConnection(known, stream)),
    ),
  )
}

function streamSeen(stream: TcpStream, names: readonly string[], isControl: boolean): StreamSeen {
  const { runs, ...ends } = stream
  const judged = judgeTls(stream)
  // Where a record begins in a stream that was under way is told by pauses, and a busy host pauses anywhere.
  const looked =
    judged.kind === 'tls' && stream.fromStart ? judged.applicationData : runs.map(({ bytes }) => bytes)
  return {
    ...{ ...ends, isControl, form: judged.kind, readable: readableNames(looked, names) },
    bytes: runs.reduce((sum, { bytes }) => sum + bytes.length, 0),
    ...(judged.kind === 'tls' ? { records: judged.records, skippedBytes: judged.skippedBytes } : {}),
    ...(judged.kind === 'not-tls' ? { at: judged.at, bytesThere: judged.bytes } : {}),
  }
}

/** Exactly the one connection made in clear must be found not to be TLS, or "all TLS" proves nothing. */
export function controlFound(streams: readonly StreamSeen[]): Control {
  const controls = streams.filter(({ isControl, form }) => isControl && form === 'not-tls')
  const name = 'the stream sent in clear is found'
  return { name, held: controls.length === 1, observed: controls.length }
}

export function ownStreams(streams: readonly StreamSeen[]): StreamSeen[] {
  return streams.filter(({ isControl }) => !isControl)
}

/** Streams that are not TLS, and words that stand readable in those that are. */
export function streamProblems(own: readonly StreamSeen[], facts: ClusterFacts): Problem[] {
  return own.flatMap((stream): Problem[] => {
    const [from, to] = [nodeAt(facts, stream.source), nodeAt(facts, stream.destination)]
    const where = {
      ...{ kind: 'seen' as const, subject: titleOf(stream, facts), port: managementPort },
      ...(from === undefined || to === undefined ? {} : { path: { from, to } }),
      ...(from !== undefined || to === undefined ? {} : { node: to }),
    }
    if (stream.form === 'not-tls') return [{ ...where, code: 'stream-not-tls', observed: stream.at ?? 0 }]
    return stream.readable.map((name): Problem => ({ ...where, code: 'name-readable', observed: name }))
  })
}

/** Streams of a node to the management port of another that are TLS. */
export function tlsStreamsOf({ advertise }: NodeFacts, own: readonly StreamSeen[]): StreamSeen[] {
  return own.filter(
    ({ source, destinationPort, form }) =>
      source === advertise.address && destinationPort === managementPort && form === 'tls',
  )
}

export function streamRows(streams: readonly StreamSeen[]): object[] {
  return streams.map(
    ({ source, sourcePort, destination, destinationPort, bytes, form, records, skippedBytes }) => ({
      ...{ from: `${source}:${sourcePort}`, to: `${destination}:${destinationPort}`, bytes, form },
      ...(records === undefined ? {} : { records, skippedBytes }),
    }),
  )
}

export function titleOf(stream: StreamSeen, facts: ClusterFacts): string {
  const name = (address: string): string => nodeAt(facts, address) ?? address
  return `${name(stream.source)}:${stream.sourcePort} → ${name(stream.destination)}:${stream.destinationPort}`
}

function nodeAt({ nodes }: ClusterFacts, address: string): string | undefined {
  return nodes.find(({ advertise }) => advertise.address === address)?.name
}

function leavingOnce(recordings: readonly Recording[], nodes: readonly NodeFacts[]): Packet[] {
  const addresses = new Set(nodes.map(({ advertise }) => advertise.address))
  return recordings.flatMap(({ point, packets }) => {
    const own = nodes.find(({ name }) => name === point.host.name)?.advertise.address
    return packets.filter((packet) => {
      const [ip, tcp] = [outerIp(packet), layerOf(packet, 'tcp')]
      if (ip === undefined) return false
      if (tcp?.sourcePort !== managementPort && tcp?.destinationPort !== managementPort) return false
      return ip.source === own || !addresses.has(ip.source)
    })
  })
}

function areOneConnection(a: TcpStream, b: TcpStream): boolean {
  const ends = ({ source, sourcePort, destination, destinationPort }: TcpStream) =>
    [`${source}:${sourcePort}`, `${destination}:${destinationPort}`].sort().join(' ')
  return ends(a) === ends(b)
}
