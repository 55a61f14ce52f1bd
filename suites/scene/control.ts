import { randomBytes } from 'node:crypto'
import type { Capture, Recording } from '../../lib/capture/capture.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import { SwarmproofError } from '../../lib/error.ts'
import { type Look, eventually } from '../../lib/eventually.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import type { Observation, ProbeRequest } from '../../lib/probe/probe.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { secretsOf } from '../CTL/readable-names.ts'
import { gossipPort, isGossip, isManagement, managementPort, readablePayload } from './control-traffic.ts'
import { inTask, onNode, orderedPairs } from './pair.ts'
import { recordedDuring } from './recording.ts'

type Shared = Omit<TestContext, 'evidence'>

export interface Reached {
  readonly from: ClusterNode
  readonly to: ClusterNode
  readonly observation: Observation
}

/** A datagram a task sent to another node's address, to be seen there. */
export interface Outbound {
  readonly from: Task
  readonly to: ClusterNode
  readonly nonce: string
  readonly observation: Observation
}

/**
 * The control plane at work, recorded on the advertise interface of every node, and in the same recording one
 * datagram that leaves the overlays from each node.
 */
export interface Control {
  /** By host name. */
  readonly recordings: ReadonlyMap<string, Recording>
  /** From every node to every manager's advertise address, its own included. */
  readonly management: readonly Reached[]
  /** Between every ordered pair of nodes. */
  readonly gossip: readonly Reached[]
  /** In the one connection to the management port that does not speak TLS. */
  readonly readable: { readonly nonce: string; readonly from: ClusterNode; readonly to: ClusterNode }
  readonly outbound: readonly Outbound[]
  /** Until gossip of every pair and a payload of every node to a manager had been recorded. */
  readonly waitedMs: number
}

/** Discard; nothing has to listen. */
export const outboundPort = 9
/** The dispatcher's heartbeat is due every 5 s; gossip probes one node a second. */
export const controlWithinMs = 30_000

/** Recorded once per run and shared. */
export function control(context: TestContext): Promise<Control> {
  return context.once('control', record)
}

async function record(context: Shared): Promise<Control> {
  const { nodes } = context.cluster
  const plan = planned(context)
  const points = nodes.map((node) => ({
    host: node.host,
    interface: node.advertise.interface,
    direction: 'both' as const,
    filter: `tcp port ${managementPort} or port ${gossipPort} or udp port ${outboundPort}`,
    markers: [plan.readable, ...plan.outbound].map(({ nonce }) => nonce),
    words: secretsOf(context.cluster, context.stack),
  }))
  const entries: readonly { readonly request: ProbeRequest }[] = [
    ...plan.management,
    ...plan.gossip,
    plan.readable,
    ...plan.outbound,
  ]
  return recordedDuring(context.wire, points, async (captures) => {
    const startedAt = performance.now()
    const observations = await context.probe.send(entries.map(({ request }) => request))
    if (captures.length > 0) await everythingSpoke(nodes, captures, context.signal)
    const waitedMs = performance.now() - startedAt
    const observed = <T extends { readonly request: ProbeRequest }>(list: readonly T[]) =>
      list.map((entry) => ({ ...entry, observation: observations[entries.indexOf(entry)] as Observation }))
    return {
      management: observed(plan.management),
      gossip: observed(plan.gossip),
      readable: plan.readable,
      outbound: observed(plan.outbound),
      waitedMs,
    }
  })
}

function planned({ cluster, stack }: Shared) {
  const { nodes } = cluster
  const managers = nodes.filter((node) => node.role === 'manager')
  const connect = (from: ClusterNode, to: ClusterNode, port: number) => ({
    from,
    to,
    request: { kind: 'tcp' as const, from: onNode(from), to: to.advertise.address, port },
  })
  const pairs = orderedPairs(nodes)
  const [from, to] = pairs.find(([, target]) => target.role === 'manager') ?? [
    cluster.manager,
    cluster.manager,
  ]
  const nonce = randomBytes(12).toString('hex')
  const plain = connect(from, to, managementPort)
  return {
    management: nodes.flatMap((node) => managers.map((manager) => connect(node, manager, managementPort))),
    gossip: pairs.map(([a, b]) => connect(a, b, gossipPort)),
    readable: { ...plain, nonce, request: { ...plain.request, request: readablePayload(nonce) } },
    outbound: nodes.flatMap((node, index) => {
      const task = stack.tasks.find((candidate) => candidate.node === node)
      const target = nodes[(index + 1) % nodes.length]
      return task === undefined || target === undefined || target === node ? [] : [outbound(task, target)]
    }),
  }
}

function outbound(from: Task, to: ClusterNode) {
  const nonce = randomBytes(12).toString('hex')
  const request = {
    kind: 'udp' as const,
    from: inTask(from),
    to: to.advertise.address,
    port: outboundPort,
    payload: Buffer.from(`swarmproof ${nonce}`),
    expectReply: false,
  }
  return { from, to, nonce, request }
}

/** Goes on after the bound: what was missing is for the tests to say. */
export async function everythingSpoke(
  nodes: readonly ClusterNode[],
  captures: readonly Capture[],
  signal: AbortSignal,
): Promise<void> {
  const look = (): Promise<Look<void>> => {
    const packets = new Map(captures.map((capture) => [capture.point.host.name, capture.packetsSoFar()]))
    const missing = silence(nodes, packets)
    return Promise.resolve(
      missing.length === 0 ? { ready: true, value: undefined } : { ready: false, seen: missing.join('; ') },
    )
  }
  const what = 'gossip between all nodes and a heartbeat of each'
  await eventually({ what, withinMs: controlWithinMs, signal }, look).catch((error: unknown) => {
    if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED')) throw error
  })
}

function silence(nodes: readonly ClusterNode[], packets: ReadonlyMap<string, readonly Packet[]>): string[] {
  const recorded = (node: ClusterNode): readonly Packet[] => packets.get(node.host.name) ?? []
  const unseen = orderedPairs(nodes).filter(
    ([a, b]) => ![a, b].every((node) => recorded(node).some((packet) => isGossip(packet, a, b))),
  )
  const managers = nodes.filter((node) => node.role === 'manager')
  const quiet = nodes.filter(
    (node) =>
      node.role !== 'manager' &&
      !managers.some((manager) => recorded(node).some((packet) => isManagement(packet, node, manager))),
  )
  return [
    ...unseen.map(([a, b]) => `no gossip from ${a.host.name} to ${b.host.name}`),
    ...quiet.map((node) => `no payload from ${node.host.name} to a manager`),
  ]
}
