import type { Recording } from '../../lib/capture/capture.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { layerOf, outerIp } from '../../lib/packet/query.ts'
import type { Cluster, ClusterNode } from '../../lib/swarm/cluster.ts'
import { managementPort } from '../scene/control-traffic.ts'
import { everyPacket } from '../scene/frames.ts'
import { readableNames } from './readable-names.ts'
import { type TcpStream, tcpStreams } from './tcp-stream.ts'
import { type TlsJudgement, judgeTls } from './tls-records.ts'

export interface Judged {
  readonly stream: TcpStream
  readonly judgement: TlsJudgement
}

/** What port 2377 carried: what the swarm sent, and the one connection that was made in clear on purpose. */
export interface ManagementStreams {
  /** Each packet once. */
  readonly packets: readonly Packet[]
  readonly own: readonly Judged[]
  readonly controls: readonly Judged[]
}

/** @throws Error when the matcher did not find the connection with the nonce to be in clear */
export function managementStreams(
  recordings: ReadonlyMap<string, Recording>,
  cluster: Cluster,
  nonce: string,
): ManagementStreams {
  const packets = leavingOnce(recordings, cluster)
  const judged = tcpStreams(packets).map((stream): Judged => ({ stream, judgement: judgeTls(stream) }))
  const controls = judged.filter(({ stream }) => stream.runs.some(({ bytes }) => bytes.includes(nonce)))
  const own = judged.filter((one) => !controls.some((known) => areOneConnection(known.stream, one.stream)))
  return { packets, own, controls }
}

/** For an assertion that all is TLS. @throws Error unless exactly the control was found to be none */
export function requireControlFound({ controls }: ManagementStreams): void {
  if (controls.length === 1 && controls[0]?.judgement.kind === 'not-tls') return
  throw new Error('the matcher did not find the stream that was sent in clear, so "all TLS" proves nothing')
}

/** Streams that are not TLS, and words that stand readable in those that are. */
export function readableProblems(
  own: readonly Judged[],
  names: readonly string[],
  cluster: Cluster,
): string[] {
  return own.flatMap(({ stream, judgement }) => {
    if (judgement.kind === 'not-tls')
      return [`${title(stream, cluster)} is not TLS at byte ${judgement.at}: ${judgement.bytes}`]
    if (judgement.kind !== 'tls') return []
    return readableNames(judgement.applicationData, names).map(
      (name) => `${title(stream, cluster)}: '${name}' is readable`,
    )
  })
}

/** Each packet as its sender recorded it, and those of strangers as their receiver did. */
function leavingOnce(recordings: ReadonlyMap<string, Recording>, cluster: Cluster): Packet[] {
  const addresses = new Set(cluster.nodes.map((node) => node.advertise.address))
  return everyPacket(recordings.values(), cluster.nodes)
    .filter(({ packet, node }) => {
      const [ip, tcp] = [outerIp(packet), layerOf(packet, 'tcp')]
      if (ip === undefined) return false
      if (tcp?.sourcePort !== managementPort && tcp?.destinationPort !== managementPort) return false
      return ip.source === node.advertise.address || !addresses.has(ip.source)
    })
    .map(({ packet }) => packet)
}

function areOneConnection(a: TcpStream, b: TcpStream): boolean {
  const ends = ({ source, sourcePort, destination, destinationPort }: TcpStream) =>
    [`${source}:${sourcePort}`, `${destination}:${destinationPort}`].sort().join(' ')
  return ends(a) === ends(b)
}

/** Streams of a node to the management port of another that are TLS. */
export function tlsStreamsOf(node: ClusterNode, judged: readonly Judged[]): Judged[] {
  return judged.filter(
    ({ stream, judgement }) =>
      stream.source === node.advertise.address &&
      stream.destinationPort === managementPort &&
      judgement.kind === 'tls',
  )
}

export function hasPayload(packet: Packet): boolean {
  return packet.layers.some((layer) => layer.protocol === 'tcp' && layer.payloadBytes > 0)
}

export function describeStream({ stream, judgement }: Judged) {
  return {
    from: `${stream.source}:${stream.sourcePort}`,
    to: `${stream.destination}:${stream.destinationPort}`,
    bytes: stream.runs.reduce((sum, { bytes }) => sum + bytes.length, 0),
    judgement: judgement.kind,
    ...(judgement.kind === 'tls' ? { records: judgement.records, skippedBytes: judgement.skippedBytes } : {}),
    ...(judgement.kind === 'undecided' ? { why: judgement.why } : {}),
  }
}

function title(stream: TcpStream, cluster: Cluster): string {
  const name = (address: string) =>
    cluster.nodes.find((node) => node.advertise.address === address)?.host.name ?? address
  return `${name(stream.source)}:${stream.sourcePort} → ${name(stream.destination)}:${stream.destinationPort}`
}
