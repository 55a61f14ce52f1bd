import { randomBytes } from 'node:crypto'
import { requirement } from '../../lib/conformance/test.ts'
import { refOf, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { joinAgain, leave, leavingWorker, workerToken } from '../../lib/swarm/membership.ts'
import { readablePayload } from '../scene/recordings/control-traffic.ts'
import { onNode } from '../scene/sending/pair.ts'
import { type WiresSeen, withWires } from '../scene/recordings/recording.ts'
import { docs } from '../source.ts'
import {
  controlFound,
  managementStreams,
  ownStreams,
  streamProblems,
  streamRows,
  type StreamSeen,
  titleOf,
  tlsStreamsOf,
} from './management-streams.ts'
import { namesToHide } from './readable-names.ts'
import { managementPort } from '../../lib/topology/swarm-defaults.ts'

export const joiningEncrypted = requirement({
  id: 'CTL-11',
  requirement:
    'Leaving and joining are encrypted like the rest: all of it on 2377 is TLS, the join token not readable.',
  source: [docs('Swarm and types of traffic')],
  safety: 'lab',
  needs: ['two-nodes'],
  timeLimitMs: 420_000,
  method:
    'Port 2377 is recorded on the advertise interface of every node while a worker leaves the swarm, is forgotten by the managers and joins again with a join token. Of every stream that was seen from its first packet on every byte must belong to a TLS record, and a stream of the worker to a manager must be among them, which is the joining. In those that were under way, by which it leaves, no name of a service, network or node may be readable; CTL-05 judges their records. The secret of the token must not be in any packet as it is written. Control: one connection made for the purpose sends clear text, and exactly that one must be found not to be TLS.',
  usualCauses: [
    'something that is no engine talks to port 2377: a health check, a port scanner, a proxy that ends TLS',
  ],
  remedy: [
    'see which address the stream comes from: tcpdump -nXi INTERFACE tcp port 2377',
    'a token that was readable is known: docker swarm join-token --rotate worker',
  ],
  codes: ['stream-not-tls', 'name-readable', 'token-readable'],
  changes: ['node', 'stack'],
  quiet: ['changes'],
  reads: [],
  probes: () => 1,
  async observe(lab): Promise<Rejoined> {
    const { cluster, facts, probe, signal } = lab
    const node = leavingWorker(cluster)
    // SWMTKN-1-DIGEST-SECRET; the digest is that of a certificate every host may see.
    const secret = (await workerToken(cluster)).split('-').at(-1) ?? ''
    const nonce = randomBytes(12).toString('hex')
    const names = namesToHide(facts)
    const points = cluster.nodes.map(({ host, advertise }) => ({
      ...{ host, interface: advertise.interface, direction: 'both' as const },
      filter: `tcp port ${managementPort}`,
    }))
    const rejoin = async (): Promise<{ seconds: number }> => {
      const startedAt = performance.now()
      await leave(cluster, node, signal)
      const by = { advertise: node.advertise.address, dataPath: node.dataPath.address }
      await joinAgain(cluster, node.host, by, signal)
      await probe.send([
        {
          ...{ kind: 'tcp', from: onNode(node), to: cluster.manager.advertise.address, port: managementPort },
          request: readablePayload(nonce),
        },
      ])
      return { seconds: Math.round((performance.now() - startedAt) / 100) / 10 }
    }
    const seen = await withWires(
      lab,
      points,
      { ...(secret === '' ? {} : { token: secret }) },
      rejoin,
      (recordings) => ({
        streams: managementStreams(recordings, facts.nodes, { nonce, names }),
      }),
    )
    return { node: node.host.name, hasToken: secret !== '', ...seen }
  },
  judge({ node, hasToken, wires, streams, seconds }, facts) {
    const { got, missing, unseen } = part(wires, 'capture')
    const frames = seenFrames(got.values())
    const showing = frames.filter(({ matched }) => matched.includes('token'))
    const own = ownStreams(streams)
    const started = own.filter(({ fromStart }) => fromStart)
    const underWay = own.filter(({ fromStart }) => !fromStart)
    const member = facts.nodes.find(({ name }) => name === node)
    const joining = member === undefined ? [] : tlsStreamsOf(member, started)
    return judgement({
      problems: [
        ...streamProblems(started, facts),
        ...underWay.flatMap((stream) =>
          stream.readable.map((observed): Problem => ({
            ...{ code: 'name-readable', kind: 'seen', node, port: managementPort },
            ...{ subject: titleOf(stream, facts), observed },
          })),
        ),
        ...(showing.length === 0
          ? []
          : [{ code: 'token-readable' as const, kind: 'seen' as const, node, observed: showing.length }]),
      ],
      controls: [controlFound(streams)],
      measures: [{ name: 'left and joined again in', value: seconds, unit: 's' }],
      missing,
      unseen:
        hasToken && joining.length > 0
          ? unseen
          : [...unseen, { what: 'a stream of the joining, from its start', nodes: [node] }],
      tables: {
        'streams of port 2377': streamRows(own),
        'control: the one stream in clear': streamRows(streams.filter(({ isControl }) => isControl)),
      },
      // What holds a token is copied nowhere.
      packets: {
        'what was judged':
          showing.length > 0
            ? []
            : frames
                .filter(({ tcp }) => (tcp?.bytes ?? 0) > 0)
                .slice(0, 60)
                .map(refOf),
      },
      conclusion: `${node} left and joined again in ${seconds} s; ${joining.length} of its streams were seen from their start, and all ${started.length} that were are TLS records and nothing else; none of ${namesToHide(facts).length} names is readable, nor is the token`,
    })
  },
})

interface Rejoined {
  readonly node: string
  readonly hasToken: boolean
  readonly wires: WiresSeen
  readonly streams: readonly StreamSeen[]
  readonly seconds: number
}
