import { requirement } from '../../lib/conformance/test.ts'
import { refOf, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { control } from '../scene/recordings/control.ts'
import { managementPort } from '../scene/recordings/control-traffic.ts'
import { docs } from '../source.ts'
import { controlFound, ownStreams, streamProblems, streamRows, tlsStreamsOf } from './management-streams.ts'
import { namesToHide } from './readable-names.ts'

export const managementEncrypted = requirement({
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
  codes: ['stream-not-tls', 'name-readable'],
  changes: [],
  quiet: [],
  reads: [control],
  observe: async (lab) => ({ control: await lab.scene(control) }),
  judge({ control: { wires, streams, waitedMs } }, facts) {
    const { got, missing, unseen } = part(wires, 'capture')
    const names = new Set(namesToHide(facts))
    const own = ownStreams(streams).map((stream) => ({
      ...stream,
      readable: stream.form === 'tls' ? stream.readable.filter((name) => names.has(name)) : [],
    }))
    const unjudged = facts.nodes.filter(
      (node) => node.role !== 'manager' && tlsStreamsOf(node, own).length === 0,
    )
    const tls = own.filter(({ form }) => form === 'tls')
    const records = tls.reduce((sum, stream) => sum + (stream.records ?? 0), 0)
    const frames = seenFrames(got.values()).filter(
      ({ tcp }) => tcp !== undefined && tcp.bytes > 0 && [tcp.from, tcp.to].includes(managementPort),
    )
    return judgement({
      problems: streamProblems(own, facts),
      controls: [controlFound(streams)],
      measures: [{ name: 'recorded for', value: waitedMs, unit: 'ms' }],
      missing,
      unseen:
        unjudged.length === 0 || got.size === 0
          ? unseen
          : [...unseen, { what: 'a stream to a manager', nodes: unjudged.map(({ name }) => name) }],
      tables: {
        'streams of port 2377': streamRows(own),
        'control: the one stream in clear': streamRows(streams.filter(({ isControl }) => isControl)),
      },
      packets: { 'what was judged': frames.slice(0, 60).map(refOf) },
      conclusion:
        tls.length === 0
          ? ''
          : `${tls.length} streams of port 2377 are ${records} TLS records and nothing else, ${own.length - tls.length} could not be decided; none of ${names.size} names is readable; the same matcher found the one stream sent in clear`,
    })
  },
})
