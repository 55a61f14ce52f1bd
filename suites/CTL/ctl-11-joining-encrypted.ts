import { randomBytes } from 'node:crypto'
import type { Recording } from '../../lib/capture/capture.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { joinAgain, leave, leavingWorker, workerToken } from '../../lib/swarm/membership.ts'
import { managementPort, readablePayload } from '../scene/control-traffic.ts'
import { onNode } from '../scene/pair.ts'
import { docs } from '../source.ts'
import {
  describeStream,
  hasPayload,
  managementStreams,
  readableProblems,
  requireControlFound,
  tlsStreamsOf,
} from './management-streams.ts'
import { namesToHide, readableNames } from './readable-names.ts'

export const joiningEncrypted = conformanceTest({
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
  async run(context) {
    const { cluster, stack, evidence } = context
    const node = leavingWorker(cluster)
    const token = await workerToken(cluster)
    const nonce = randomBytes(12).toString('hex')
    const { recordings, seconds } = await recordRejoining(context, node, nonce)
    const streams = managementStreams(recordings, cluster, nonce)
    const { packets, own } = streams
    const names = namesToHide(cluster, stack)
    // SWMTKN-1-DIGEST-SECRET; the digest is that of a certificate every host may see.
    const secret = token.split('-').at(-1) ?? ''
    const showing = packets.filter((packet) => secret !== '' && Buffer.from(packet.bytes).includes(secret))
    evidence.observe('streams of port 2377', own.map(describeStream))
    evidence.observe('control: the one stream in clear', streams.controls.map(describeStream))
    evidence.measure('left and joined again in', seconds, 's')
    // What holds a token is kept nowhere.
    if (showing.length === 0) evidence.packets('what was judged', packets.filter(hasPayload).slice(0, 60))
    requireControlFound(streams)
    // Where a record begins in a stream that was under way is told by pauses, and a busy host pauses anywhere.
    const started = own.filter(({ stream }) => stream.fromStart)
    const underWay = own.filter(({ stream }) => !stream.fromStart)
    const shown = readableNames(
      underWay.flatMap(({ stream }) => stream.runs.map(({ bytes }) => bytes)),
      names,
    )
    requireNone('all payload of port 2377 is TLS while a node leaves and joins', [
      ...readableProblems(started, names, cluster),
      ...shown.map(
        (name) => `'${name}' is readable on port ${managementPort} while ${node.host.name} leaves`,
      ),
      ...(showing.length === 0
        ? []
        : [
            `the join token of ${cluster.manager.host.name} is readable in ${showing.length} packets of ${node.host.name}’s joining`,
          ]),
    ])
    const joining = tlsStreamsOf(node, started)
    if (secret === '' || joining.length === 0) {
      throw new Error(
        `no stream of ${node.host.name} to a manager was recorded from its start, so nothing was seen of its joining`,
      )
    }
    evidence.conclude(
      `${node.host.name} left and joined again in ${seconds} s; ${joining.length} of its streams were seen from their start, and all ${started.length} that were are TLS records and nothing else; none of ${names.length} names is readable, nor is the token`,
    )
  },
})

async function recordRejoining(
  { cluster, wire, probe, signal }: TestContext,
  node: ClusterNode,
  nonce: string,
): Promise<{ recordings: ReadonlyMap<string, Recording>; seconds: number }> {
  const points = cluster.nodes.map(({ host, advertise }) => ({
    host,
    interface: advertise.interface,
    direction: 'both' as const,
    filter: `tcp port ${managementPort}`,
  }))
  const { result: seconds, recordings } = await wire.during(points, async () => {
    const startedAt = performance.now()
    await leave(cluster, node, signal)
    const by = { advertise: node.advertise.address, dataPath: node.dataPath.address }
    await joinAgain(cluster, node.host, by, signal)
    await probe.send([
      {
        kind: 'tcp',
        from: onNode(node),
        to: cluster.manager.advertise.address,
        port: managementPort,
        request: readablePayload(nonce),
      },
    ])
    return Math.round((performance.now() - startedAt) / 100) / 10
  })
  return {
    recordings: new Map(recordings.map((recording) => [recording.point.host.name, recording])),
    seconds,
  }
}
