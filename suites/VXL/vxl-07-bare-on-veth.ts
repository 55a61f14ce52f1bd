import { randomBytes } from 'node:crypto'
import type { Recording } from '../../lib/capture/capture.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { layerOf } from '../../lib/packet/query.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { namespacePath } from '../../lib/swarm/namespaces.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { interfaceOf, stateOf } from '../scene/kernel.ts'
import { addressOn, inTask, requireTaskOnEveryNode, taskLabel } from '../scene/pair.ts'
import { internals } from '../source.ts'
import { bareKey, encapsulatedKey } from './bare-frames.ts'

/** Nothing listens there; the packets need not be answered to be seen. */
const port = 7107

interface Sent {
  readonly from: Task
  readonly to: Task
  readonly nonce: string
}

export const bareOnVeth = conformanceTest({
  id: 'VXL-07',
  requirement: 'On the task’s veth the same packets are seen bare, before encapsulation.',
  source: [internals('Inspecting vxlan tunnel interfaces')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'On every node one task of the clear network sends a datagram with a nonce to each task on other nodes, while its veth interface and the node’s data-path interface are recorded. On the veth the datagram must be seen without VXLAN; on the underlay the very same frame must be seen inside a VXLAN header of the network: same MAC addresses, IP addresses, identification, ports and payload.',
  usualCauses: [
    'the node has no forwarding entry for the task, so the frame is not encapsulated: see VXL-06',
    'something between veth and VXLAN device changes packets: a firewall rule in the overlay’s namespace, a traffic shaper',
    'a local firewall drops what the node itself sends to the data-path port',
  ],
  remedy: [
    'tcpdump -nei eth0 in the task’s namespace (nsenter -t PID -n) beside tcpdump -nei INTERFACE udp port 4789 on the host',
    'nsenter --net=/run/docker/netns/1-NETWORK bridge fdb show; restart the engine of the node named',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { clear } = stack.networks
    const { sent, veths, underlays } = await record(context)
    const looks = sent.map((one) => {
      const word = Buffer.from(one.nonce)
      const on = (recordings: ReadonlyMap<string, readonly Packet[]>) =>
        (recordings.get(one.from.node.host.name) ?? []).filter(({ bytes }) =>
          Buffer.from(bytes).includes(word),
        )
      const [bare, wrapped] = [on(veths), on(underlays)]
      const same = bare
        .flatMap((packet) => bareKey(packet) ?? [])
        .filter((key) =>
          wrapped.some(
            (packet) => encapsulatedKey(packet) === key && layerOf(packet, 'vxlan')?.vni === clear.vni,
          ),
        )
      return { ...one, bare, wrapped, same }
    })
    evidence.observe(
      'each datagram on the veth and on the underlay of its sender',
      looks.map(({ from, to, bare, wrapped, same }) => ({
        from: taskLabel(from),
        to: taskLabel(to),
        onVeth: bare.length,
        onUnderlay: wrapped.length,
        sameFrame: same.length,
      })),
    )
    evidence.packets(
      'a datagram bare and encapsulated',
      looks.slice(0, 4).flatMap(({ bare, wrapped }) => [...bare, ...wrapped]),
    )
    requireNone(
      'what a task sends is bare on its veth and the same frame inside VXLAN on the underlay',
      looks.flatMap(problemsOf),
    )
    requireTaskOnEveryNode(
      cluster.nodes,
      sent.map(({ from }) => from),
      clear.name,
    )
    evidence.conclude(
      `${looks.length} datagrams of ${veths.size} tasks were bare on the veth of their sender, and the same frames were in VXLAN of VNI ${clear.vni} on its host’s underlay`,
    )
  },
})

function problemsOf(
  look: Sent & { bare: readonly Packet[]; wrapped: readonly Packet[]; same: readonly string[] },
): string[] {
  const { from, to, bare, wrapped, same } = look
  const path = `${taskLabel(from)} → ${taskLabel(to)}`
  const encapsulated = bare.filter((packet) => layerOf(packet, 'vxlan') !== undefined)
  return [
    ...(bare.length === 0 ? [`${path}: not seen on the veth of its sender`] : []),
    ...(encapsulated.length > 0 ? [`${path}: is in VXLAN on the veth already`] : []),
    ...(bare.length > 0 && wrapped.length === 0
      ? [`${path}: bare on the veth, but never on the underlay of ${from.node.host.name}`]
      : []),
    ...(bare.length > 0 && wrapped.length > 0 && same.length === 0
      ? [
          `${path}: another frame on the underlay of ${from.node.host.name} than on the veth: ${encapsulatedKey(wrapped[0] as Packet) ?? 'not in VXLAN'}; on the veth ${bareKey(bare[0] as Packet) ?? 'no UDP'}`,
        ]
      : []),
  ]
}

async function record(context: TestContext) {
  const { cluster, stack, wire, probe } = context
  const { clear } = stack.networks
  const states = await context.state()
  const tasks = tasksOn(stack, 'clear')
  const senders = cluster.nodes.flatMap((node) => tasks.find((task) => task.node === node) ?? [])
  const sent = senders.flatMap((from) =>
    tasks
      .filter((to) => to.node !== from.node)
      .map((to): Sent => ({ from, to, nonce: randomBytes(12).toString('hex') })),
  )
  if (sent.length === 0) throw new Error('no two tasks of the clear network run on different nodes')
  const points = [
    ...senders.map((task) => ({
      host: task.node.host,
      ...vethOf(task, clear.name, states),
      direction: 'both' as const,
      vxlanPorts: [cluster.dataPathPort],
      filter: `udp port ${port} or udp port ${cluster.dataPathPort}`,
    })),
    ...senders.map(({ node }) => ({
      host: node.host,
      interface: node.dataPath.interface,
      direction: 'out' as const,
      vxlanPorts: [cluster.dataPathPort],
      filter: `udp port ${cluster.dataPathPort}`,
    })),
  ].map((point) => ({ ...point, markers: sent.map(({ nonce }) => nonce) }))
  const { recordings } = await wire.during(points, () =>
    probe.send(
      sent.map(({ from, to, nonce }) => ({
        kind: 'udp',
        from: inTask(from),
        to: addressOn(to, clear),
        port,
        payload: Buffer.from(`swarmproof ${nonce}`),
        expectReply: false,
      })),
    ),
  )
  return {
    sent,
    veths: byHost(recordings.slice(0, senders.length)),
    underlays: byHost(recordings.slice(senders.length)),
  }
}

function vethOf(task: Task, network: string, states: Awaited<ReturnType<TestContext['state']>>) {
  const endpoint = task.endpoints[network]
  const found = endpoint === undefined ? undefined : interfaceOf(stateOf(states, task.node), endpoint)
  if (found === undefined)
    throw new Error(
      `the interface of ${taskLabel(task)} on ${network} was not found in any namespace of its host`,
    )
  return { interface: found.name, namespace: namespacePath(found.namespace) }
}

function byHost(recordings: readonly Recording[]): ReadonlyMap<string, readonly Packet[]> {
  return new Map(recordings.map((recording) => [recording.point.host.name, soundPackets(recording)]))
}
