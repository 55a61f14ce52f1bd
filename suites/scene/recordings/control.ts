import { randomBytes } from 'node:crypto'
import type { Capture } from '../../../lib/capture/capture.ts'
import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import { type Planned, type Sent, sendPlan } from '../../../lib/conformance/send-plan.ts'
import { boundAmong } from '../../../lib/bound-among.ts'
import { NeverObserved } from '../../../lib/inconclusive.ts'
import type { Packet } from '../../../lib/packet/packet.ts'
import { poll } from '../../../lib/poll.ts'
import type { ClusterNode } from '../../../lib/swarm/cluster.ts'
import { type ClearDatagram, clearDatagrams } from '../../CTL/gossip-datagrams.ts'
import { managementStreams, type StreamSeen } from '../../CTL/management-streams.ts'
import { secretsOf } from '../../CTL/readable-names.ts'
import { isGossip, isManagement, readablePayload } from './control-traffic.ts'
import { onNode, triedNodePairs } from '../sending/pair.ts'
import { type WiresSeen, withWires } from './recording.ts'
import { gossipPort, managementPort } from '../../../lib/topology/swarm-defaults.ts'
import { triedPairs } from '../sending/counted.ts'

/** A connection from one node to a port of another, by their names. */
interface Reaching {
  readonly what: 'management' | 'gossip' | 'readable'
  readonly from: string
  readonly to: string
  readonly address: string
}

/** The control plane at work, recorded on the advertise interface of every node. */
export interface ControlSeen {
  /** To every manager's advertise address from every node, its own included; between every ordered pair that is tried to 7946. */
  readonly reached: readonly Sent<Reaching>[]
  /**
   * By node. Word `readable` is in the one connection to the management port that does not speak TLS; what is sent to
   * the gossip port is not in clear.
   */
  readonly wires: WiresSeen
  readonly streams: readonly StreamSeen[]
  readonly clearDatagrams: readonly ClearDatagram[]
  /** Until gossip of every pair and a payload of every node to a manager had been recorded. */
  readonly waitedMs: number
}

/** The dispatcher's heartbeat is due every 5 s; gossip probes one node a second. */
export function controlWithinMs(nodes: number): number {
  return boundAmong(nodes, 30_000)
}

/** Recorded once per generation and shared. */
export const control = scene('control', record, {
  byPairs: true,
  // One connection each, then gossip and heartbeats.
  listens: true,
  probes(lab) {
    const { nodes } = lab.facts
    const managers = nodes.filter(({ role }) => role === 'manager').length
    return nodes.length * managers + triedPairs(lab).length + 1
  },
})

async function record(lab: ObserveContext): Promise<ControlSeen> {
  const { cluster, facts, probe } = lab
  const { nodes } = cluster
  const nonce = randomBytes(12).toString('hex')
  const names = secretsOf(facts)
  const points = nodes.map((node) => ({
    ...{ host: node.host, interface: node.advertise.interface, direction: 'both' as const },
    filter: `tcp port ${managementPort} or port ${gossipPort}`,
    ...{ markers: [nonce], words: names },
  }))
  return withWires(
    lab,
    points,
    { readable: nonce },
    async (captures) => {
      const startedAt = performance.now()
      const reached = await sendPlan(probe, plan(lab, nonce))
      if (captures.length > 0) await waitForControlTraffic(lab, captures, nonce)
      return { reached, waitedMs: Math.round(performance.now() - startedAt) }
    },
    (recordings) => ({
      streams: managementStreams(recordings, facts.nodes, { nonce, names }),
      clearDatagrams: clearDatagrams(recordings, names),
    }),
  )
}

function plan(lab: Pick<ObserveContext, 'cluster' | 'facts'>, nonce: string): Planned<Reaching>[] {
  const { nodes, manager } = lab.cluster
  const managers = nodes.filter((node) => node.role === 'manager')
  const connect = (
    what: Reaching['what'],
    from: ClusterNode,
    to: ClusterNode,
    port: number,
  ): Planned<Reaching> => ({
    ...{ what, from: from.host.name, to: to.host.name, address: to.advertise.address },
    request: { kind: 'tcp', from: onNode(from), to: to.advertise.address, port },
  })
  const pairs = triedNodePairs(lab, nodes)
  const [from, to] = pairs.find(([, target]) => target.role === 'manager') ?? [manager, manager]
  const plain = connect('readable', from, to, managementPort)
  return [
    ...nodes.flatMap((node) => managers.map((target) => connect('management', node, target, managementPort))),
    ...pairs.map(([a, b]) => connect('gossip', a, b, gossipPort)),
    {
      ...plain,
      request: { ...plain.request, request: readablePayload(nonce) } as Planned<Reaching>['request'],
    },
  ]
}

/**
 * Goes on after the bound: what was missing is for the requirements to say.
 *
 * @param nonce in what we ourselves send to the management port; empty where nothing is
 */
export async function waitForControlTraffic(
  lab: Pick<ObserveContext, 'cluster' | 'facts' | 'signal'>,
  captures: readonly Capture[],
  nonce: string,
): Promise<void> {
  const what = 'gossip between all nodes and a heartbeat of each'
  const look = (): Promise<readonly string[]> => {
    const packets = new Map(captures.map((capture) => [capture.point.host.name, capture.packetsSoFar()]))
    return Promise.resolve(silence(lab, packets, nonce))
  }
  await poll(
    { what, withinMs: controlWithinMs(lab.cluster.nodes.length), signal: lab.signal },
    look,
    (missing) => missing,
  ).catch((error: unknown) => {
    if (!(error instanceof NeverObserved)) throw error
  })
}

/** Pairs and nodes of which nothing was recorded yet. */
function silence(
  lab: Pick<ObserveContext, 'cluster' | 'facts'>,
  packets: ReadonlyMap<string, readonly Packet[]>,
  nonce: string,
): string[] {
  const { nodes } = lab.cluster
  const recorded = (node: ClusterNode): readonly Packet[] => packets.get(node.host.name) ?? []
  const unseen = triedNodePairs(lab, nodes).filter(
    ([a, b]) => ![a, b].every((node) => recorded(node).some((packet) => isGossip(packet, a, b))),
  )
  const managers = nodes.filter((node) => node.role === 'manager')
  const quiet = nodes.filter(
    (node) =>
      node.role !== 'manager' &&
      !managers.some((manager) =>
        recorded(node).some((packet) => isManagement(packet, [node, manager], nonce)),
      ),
  )
  return [...unseen.map(([a, b]) => `${a.host.name} ${b.host.name}`), ...quiet.map((node) => node.host.name)]
}
