import type { Recording } from '../../lib/capture/capture.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { layerOf, outerIp } from '../../lib/packet/query.ts'
import type { Cluster, ClusterNode } from '../../lib/swarm/cluster.ts'
import { control } from '../scene/control.ts'
import { managementPort } from '../scene/control-traffic.ts'
import { everyPacket } from '../scene/frames.ts'
import { docs } from '../source.ts'
import { namesToHide, readableNames } from './readable-names.ts'
import { type TcpStream, tcpStreams } from './tcp-stream.ts'
import { type TlsJudgement, judgeTls } from './tls-records.ts'

interface Judged {
  readonly stream: TcpStream
  readonly judgement: TlsJudgement
}

export const managementEncrypted = conformanceTest({
  id: 'CTL-05',
  requirement:
    'Management traffic is always encrypted: every 2377 payload is a TLS record, nothing readable.',
  source: [docs('Swarm and types of traffic')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Traffic of port 2377 is recorded on the advertise interface of every node until each has sent to a manager (heartbeats are due every 5 s). TCP streams are put together and walked record by record; every byte must belong to a TLS record, and no name of a service, network or node may be readable in application data. Control: one connection made for the purpose sends clear text, and exactly that one must be found not to be TLS.',
  usualCauses: [
    'something that is no engine talks to port 2377: a health check, a port scanner, a proxy that ends TLS',
  ],
  remedy: [
    'see which address the stream comes from: tcpdump -nXi INTERFACE tcp port 2377',
    'allow 2377/tcp from swarm nodes only',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { recordings, readable, waitedMs } = await control(context)
    const packets = leavingOnce(recordings, cluster)
    const judged = tcpStreams(packets).map((stream): Judged => ({ stream, judgement: judgeTls(stream) }))
    const isControl = ({ stream }: Judged) => stream.runs.some(({ bytes }) => bytes.includes(readable.nonce))
    const controls = judged.filter(isControl)
    const own = judged.filter((one) => !controls.some((known) => areOneConnection(known.stream, one.stream)))
    const names = namesToHide(cluster, stack)

    evidence.observe('streams of port 2377', own.map(describe))
    evidence.observe('control: the one stream in clear', controls.map(describe))
    evidence.measure('recorded for', Math.round(waitedMs), 'ms')
    evidence.packets('what was judged', packets.filter(hasPayload).slice(0, 60))
    if (controls.length !== 1 || controls[0]?.judgement.kind !== 'not-tls') {
      throw new Error(
        'the matcher did not find the stream that was sent in clear, so "all TLS" proves nothing',
      )
    }
    requireNone('all payload of port 2377 is TLS', [
      ...own.flatMap(({ stream, judgement }) =>
        judgement.kind === 'not-tls'
          ? [`${title(stream, cluster)} is not TLS at byte ${judgement.at}: ${judgement.bytes}`]
          : [],
      ),
      ...own.flatMap(({ stream, judgement }) =>
        judgement.kind === 'tls'
          ? readableNames(judgement.applicationData, names).map(
              (name) => `${title(stream, cluster)}: '${name}' is readable`,
            )
          : [],
      ),
    ])
    const unjudged = cluster.nodes.filter((node) => node.role !== 'manager' && !isJudged(node, own))
    if (unjudged.length > 0) {
      const who = unjudged.map((node) => node.host.name).join(', ')
      throw new Error(
        `no stream of ${who} to a manager could be judged within ${(waitedMs / 1000).toFixed(0)} s of recording`,
      )
    }
    const tls = own.flatMap(({ judgement }) => (judgement.kind === 'tls' ? [judgement] : []))
    evidence.conclude(
      `${tls.length} streams of port 2377 are ${tls.reduce((sum, { records }) => sum + records, 0)} TLS records and nothing else, ${own.length - tls.length} could not be decided; none of ${names.length} names is readable; the same matcher found the one stream sent in clear`,
    )
  },
})

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

function isJudged(node: ClusterNode, judged: readonly Judged[]): boolean {
  return judged.some(
    ({ stream, judgement }) =>
      stream.source === node.advertise.address &&
      stream.destinationPort === managementPort &&
      judgement.kind === 'tls',
  )
}

function hasPayload(packet: Packet): boolean {
  return packet.layers.some((layer) => layer.protocol === 'tcp' && layer.payloadBytes > 0)
}

function describe({ stream, judgement }: Judged) {
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
