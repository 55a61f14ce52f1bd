import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { control } from '../scene/control.ts'
import { docs } from '../source.ts'
import {
  describeStream,
  hasPayload,
  managementStreams,
  readableProblems,
  requireControlFound,
  tlsStreamsOf,
} from './management-streams.ts'
import { namesToHide } from './readable-names.ts'

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
    const streams = managementStreams(recordings, cluster, readable.nonce)
    const { packets, own } = streams
    const names = namesToHide(cluster, stack)

    evidence.observe('streams of port 2377', own.map(describeStream))
    evidence.observe('control: the one stream in clear', streams.controls.map(describeStream))
    evidence.measure('recorded for', Math.round(waitedMs), 'ms')
    evidence.packets('what was judged', packets.filter(hasPayload).slice(0, 60))
    requireControlFound(streams)
    requireNone('all payload of port 2377 is TLS', readableProblems(own, names, cluster))
    const unjudged = cluster.nodes.filter(
      (node) => node.role !== 'manager' && tlsStreamsOf(node, own).length === 0,
    )
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
