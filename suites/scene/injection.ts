import { randomBytes } from 'node:crypto'
import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { encodeDatagram, encodeVxlan } from '../../lib/packet/encode.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { containsBytes } from '../../lib/packet/query.ts'
import type { OverlayNetwork, Task } from '../../lib/swarm/cluster.ts'
import { interfaceOf, stateOf } from './kernel.ts'
import { taskLabel } from './pair.ts'

/** A task that VXLAN in clear is aimed at. */
export interface Target {
  readonly network: OverlayNetwork
  readonly task: Task
}

export interface Injected extends Target {
  readonly sent: number
  /** Frames recorded as they came in on the underlay of the task's node. */
  readonly cameIn: readonly Packet[]
  /** Frames recorded on the task's own interface. */
  readonly arrived: readonly Packet[]
}

const framesPerTarget = 5
/** Discard; nothing has to listen. */
const innerPort = 9
/** Locally administered, and no endpoint's: engines derive theirs from the address. */
const strangerMac = '02:53:57:50:00:66'

/**
 * Sends VXLAN in clear from a host outside the swarm to the node of each target, with the network's VNI and an inner
 * frame addressed to the task, and records on the node's underlay and on the task's interface what comes of it.
 * @throws Error where the lab has no host outside the swarm, or a task's interface is not found
 */
export async function inject(
  { cluster, outsiders, wire, probe }: Omit<TestContext, 'evidence'>,
  targets: readonly Target[],
  states: ReadonlyMap<string, HostState>,
): Promise<Injected[]> {
  const [outsider] = outsiders
  if (outsider === undefined) throw new Error('the lab has no host outside the swarm')
  const aimed = targets.map((target) => ({ ...target, nonce: randomBytes(12).toString('hex') }))
  const points = [
    ...aimed.map(({ task, network }) => ({
      host: task.node.host,
      interface: interfaceName(task, network, states),
      namespace: `/proc/${task.pid}/ns/net`,
      direction: 'both' as const,
    })),
    ...aimed.map(({ task }) => ({
      host: task.node.host,
      interface: task.node.dataPath.interface,
      direction: 'both' as const,
      filter: `udp port ${cluster.dataPathPort}`,
      vxlanPorts: [cluster.dataPathPort],
    })),
  ].map((point) => ({ ...point, markers: aimed.map(({ nonce }) => nonce) }))
  const { recordings } = await wire.during(points, () =>
    probe.send(
      aimed.flatMap(({ network, task, nonce }) =>
        Array.from({ length: framesPerTarget }, () => ({
          kind: 'udp' as const,
          from: { host: outsider, namespace: 'host' as const, label: outsider.name },
          to: task.node.dataPath.address,
          port: cluster.dataPathPort,
          payload: encodeVxlan(network.vni, innerFrame(network, task, Buffer.from(nonce))),
          expectReply: false,
        })),
      ),
    ),
  )
  return aimed.map(({ network, task, nonce }, index) => {
    const [inside, outside] = [recordings[index], recordings[index + aimed.length]]
    if (inside === undefined || outside === undefined) throw new Error('a capture has no recording')
    const holding = (packets: readonly Packet[]): Packet[] =>
      packets.filter((packet) => containsBytes(packet, Buffer.from(nonce)))
    return {
      network,
      task,
      sent: framesPerTarget,
      arrived: holding(soundPackets(inside)),
      cameIn: holding(soundPackets(outside)),
    }
  })
}

/** What was injected and what became of it, for the evidence. */
export function injectionRows(injected: readonly Injected[]): object[] {
  return injected.map(({ network, task, sent, cameIn, arrived }) => ({
    to: taskLabel(task),
    network: `${network.name}, VNI ${network.vni}`,
    sent,
    'came in on the underlay': cameIn.length,
    'reached the task': arrived.length,
  }))
}

/**
 * That frames in clear were delivered where nothing forbids it, and came in everywhere.
 * @throws Error otherwise, because "none arrived" would then prove nothing
 */
export function requireControl(control: readonly Injected[], judged: readonly Injected[]): void {
  const lost = control.filter(({ arrived, sent }) => arrived.length < sent)
  const unseen = judged.filter(({ cameIn, sent }) => cameIn.length < sent)
  const text = [
    ...lost.map(
      ({ task, arrived, sent }) => `${arrived.length} of ${sent} frames reached ${taskLabel(task)}`,
    ),
    ...unseen.map(
      ({ task, cameIn, sent }) => `${cameIn.length} of ${sent} frames came in at ${task.node.host.name}`,
    ),
  ]
  if (control.length === 0) text.push('no task of an unencrypted network could be tried')
  if (text.length > 0) throw new Error(`the injection itself did not work: ${text.join('; ')}`)
}

function interfaceName(task: Task, network: OverlayNetwork, states: ReadonlyMap<string, HostState>): string {
  const endpoint = task.endpoints[network.name]
  const link = endpoint === undefined ? undefined : interfaceOf(stateOf(states, task.node), endpoint)
  if (link === undefined) throw new Error(`no interface of ${taskLabel(task)} on ${network.name} was found`)
  return link.name
}

function innerFrame(network: OverlayNetwork, task: Task, nonce: Uint8Array): Uint8Array {
  const endpoint = task.endpoints[network.name]
  const ends = {
    sourceMac: strangerMac,
    destinationMac: endpoint?.mac ?? '',
    source: network.gateway,
    destination: endpoint?.address ?? '',
    sourcePort: innerPort,
    destinationPort: innerPort,
  }
  return encodeDatagram(ends, nonce)
}
