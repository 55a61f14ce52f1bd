import { randomBytes } from 'node:crypto'
import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { Inconclusive } from '../../../lib/inconclusive.ts'
import { guardedState } from '../../../lib/observe/guarded-state.ts'
import type { HostState } from '../../../lib/observe/host-state.ts'
import { encodeDatagram, encodeVxlan } from '../../../lib/packet/encode.ts'
import type { ClusterNode, OverlayNetwork, Task } from '../../../lib/swarm/cluster.ts'
import { namespacePath } from '../../../lib/swarm/namespaces.ts'
import { interfaceOf, stateOf } from '../judging/kernel.ts'
import { taskLabel } from '../sending/pair.ts'
import { wireNameOf, type WirePoint, type WiresSeen, withWires } from './recording.ts'

/** A task that VXLAN in clear is aimed at. */
export interface Target {
  readonly network: OverlayNetwork
  readonly task: Task
}

/** Frames in clear that were sent to the node of a task, with the network's VNI. */
export interface Injection {
  /** Label of the task, its service and the name of its node. */
  readonly to: string
  readonly service: string
  readonly node: string
  readonly network: string
  readonly vni: number
  readonly sent: number
  /** Name of the word that is in them, and keys of the wires they should come by. */
  readonly word: string
  readonly underlay: string
  readonly inside: string
}

export interface Injected {
  readonly injections: readonly Injection[]
  /** Nodes where no namespace holds the interface of a task; nothing was sent to that. */
  readonly withoutInterface: readonly string[]
  readonly wires: WiresSeen
}

export const framesPerTarget = 5
/** Discard; nothing has to listen. */
const innerPort = 9
/** Locally administered, and no endpoint's: engines derive theirs from the address. */
const strangerMac = '02:53:57:50:00:66'

/**
 * Sends VXLAN in clear from a host outside the swarm to the node of each target, with the network's VNI and an inner
 * frame addressed to the task, and records on the node's underlay and on the task's interface what comes of it.
 * @throws Inconclusive where the lab has no host outside the swarm
 */
export async function inject(
  lab: Pick<ObserveContext, 'cluster' | 'outsiders' | 'wire' | 'probe' | 'facts'>,
  targets: readonly Target[],
  states: ReadonlyMap<string, HostState>,
): Promise<Injected> {
  const { cluster, probe } = lab
  const [outsider] = lab.outsiders
  if (outsider === undefined) throw new Inconclusive('the lab has no host outside the swarm')
  const aimed = targets.flatMap(({ network, task }, index) => {
    const link = linkOf(task, network, states)
    const nonce = randomBytes(12).toString('hex')
    return link === undefined ? [] : [{ network, task, link, nonce, word: `frame-${index}` }]
  })
  const withoutInterface = targets.filter(({ task }) => !aimed.some((one) => one.task === task))
  const markers = aimed.map(({ nonce }) => nonce)
  const insideOf = ({ task, link }: (typeof aimed)[number]): WirePoint => ({
    ...{ host: task.node.host, interface: link.name, namespace: namespacePath(link.namespace) },
    ...{ mac: link.mac, direction: 'both', markers },
  })
  const underlayOf = ({ host, dataPath }: ClusterNode): WirePoint => ({
    ...{ host, interface: dataPath.interface, direction: 'both', markers },
    ...{ filter: `udp port ${cluster.dataPathPort}`, vxlanPorts: [cluster.dataPathPort] },
  })
  const points = [...aimed.map(insideOf), ...[...new Set(aimed.map(({ task }) => task.node))].map(underlayOf)]
  const words = Object.fromEntries(aimed.map(({ word, nonce }) => [word, nonce]))
  const { wires } = await withWires(lab, points, words, async () => {
    await probe.send(
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
    )
    return {}
  })
  return {
    wires,
    withoutInterface: withoutInterface.map(({ task }) => task.node.host.name),
    injections: aimed.map((one): Injection => {
      const { network, task, word } = one
      return {
        ...{ to: taskLabel(task), service: task.service, node: task.node.host.name },
        ...{ network: network.name, vni: network.vni, sent: framesPerTarget, word },
        ...{ underlay: wireNameOf(underlayOf(task.node)), inside: wireNameOf(insideOf(one)) },
      }
    }),
  }
}

function linkOf(
  task: Task,
  network: OverlayNetwork,
  states: ReadonlyMap<string, HostState>,
): ReturnType<typeof interfaceOf> {
  const endpoint = task.endpoints[network.name]
  const state = guardedState(stateOf(states, task.node))
  return endpoint === undefined ? undefined : interfaceOf(state, endpoint)
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
