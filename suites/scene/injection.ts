import { randomBytes } from 'node:crypto'
import { basename } from 'node:path'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import type { Control, Missing, Unseen } from '../../lib/observation/judgement.ts'
import { type PacketRef, refOf, seenFrames, type WireSeen } from '../../lib/observation/frame.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { encodeDatagram, encodeVxlan } from '../../lib/packet/encode.ts'
import type { OverlayNetwork, Task } from '../../lib/swarm/cluster.ts'
import { interfaceOf, stateOf } from './kernel.ts'
import { taskLabel } from './pair.ts'
import { type WirePoint, type Wires, withWires } from './recording.ts'

/** A task that VXLAN in clear is aimed at. */
export interface Target {
  readonly network: OverlayNetwork
  readonly task: Task
}

/** Frames in clear that were sent to the node of a task, with the network's VNI. */
interface Injection {
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
  readonly wires: Wires
}

const framesPerTarget = 5
/** Discard; nothing has to listen. */
const innerPort = 9
/** Locally administered, and no endpoint's: engines derive theirs from the address. */
const strangerMac = '02:53:57:50:00:66'

/**
 * Sends VXLAN in clear from a host outside the swarm to the node of each target, with the network's VNI and an inner
 * frame addressed to the task, and records on the node's underlay and on the task's interface what comes of it.
 * @throws Inconclusive where the lab has no host outside the swarm, or a task's interface is not found
 */
export async function inject(
  lab: Pick<ObserveContext, 'cluster' | 'outsiders' | 'wire' | 'probe' | 'facts'>,
  targets: readonly Target[],
  states: ReadonlyMap<string, HostState>,
): Promise<Injected> {
  const { cluster, probe } = lab
  const [outsider] = lab.outsiders
  if (outsider === undefined) throw new Inconclusive('the lab has no host outside the swarm')
  const aimed = targets.map((target, index) => ({
    ...{ ...target, nonce: randomBytes(12).toString('hex'), word: `frame-${index}` },
    link: linkOf(target.task, target.network, states),
  }))
  const markers = aimed.map(({ nonce }) => nonce)
  const insides = aimed.map(({ task, link }): WirePoint => ({
    ...{ host: task.node.host, interface: link.name, mac: link.mac, namespace: `/proc/${task.pid}/ns/net` },
    ...{ direction: 'both', markers },
  }))
  const nodes = [...new Set(aimed.map(({ task }) => task.node))]
  const underlays = nodes.map((node): WirePoint => ({
    ...{ host: node.host, interface: node.dataPath.interface, direction: 'both', markers },
    ...{ filter: `udp port ${cluster.dataPathPort}`, vxlanPorts: [cluster.dataPathPort] },
  }))
  const words = Object.fromEntries(aimed.map(({ word, nonce }) => [word, nonce]))
  const { wires } = await withWires(lab, [...insides, ...underlays], words, async () => {
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
    injections: aimed.map(({ network, task, word, link }): Injection => {
      const node = task.node.host.name
      return {
        ...{ to: taskLabel(task), service: task.service, node, network: network.name, vni: network.vni },
        ...{ sent: framesPerTarget, word, underlay: `${node} ${task.node.dataPath.interface}` },
        inside: `${node} ${link.name} in ${basename(`/proc/${task.pid}/ns/net`)}`,
      }
    }),
  }
}

/** What became of the frames to one task, as far as it was recorded. */
export interface Outcome extends Injection {
  readonly cameIn: readonly PacketRef[]
  readonly arrived: readonly PacketRef[]
}

export interface Outcomes {
  readonly outcomes: readonly Outcome[]
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
}

export function outcomesOf({ injections, wires }: Injected): Outcomes {
  const { got, missing, unseen } = part(wires, 'capture')
  const holding = (wire: WireSeen | undefined, word: string): PacketRef[] =>
    wire === undefined
      ? []
      : seenFrames([wire])
          .filter(({ matched }) => matched.includes(word))
          .map(refOf)
  return {
    ...{ missing, unseen },
    outcomes: injections
      .filter(({ inside, underlay }) => got.has(inside) && got.has(underlay))
      .map((one) => ({
        ...one,
        arrived: holding(got.get(one.inside), one.word),
        cameIn: holding(got.get(one.underlay), one.word),
      })),
  }
}

/** Each task that got frames which should have been dropped on arrival. `when` says under which circumstances. */
export function injectionProblems(outcomes: readonly Outcome[], when?: string): Problem[] {
  return outcomes
    .filter(({ arrived }) => arrived.length > 0)
    .map(({ arrived, sent, network, service, node }): Problem => ({
      ...{ code: 'injected-frame-reached', kind: 'seen', node, service, network },
      ...{ observed: arrived.length, expected: sent },
      ...(when === undefined ? {} : { subject: when }),
    }))
}

/** What was injected and what became of it, as a table. */
export function injectionRows(outcomes: readonly Outcome[]): object[] {
  return outcomes.map(({ to, network, vni, sent, cameIn, arrived }) => ({
    ...{ to, network: `${network}, VNI ${vni}`, sent },
    ...{ 'came in on the underlay': cameIn.length, 'reached the task': arrived.length },
  }))
}

/** Frames in clear must be delivered where nothing forbids it, and come in everywhere, or "none arrived" proves nothing. */
export function injectionControls(control: readonly Outcome[], judged: readonly Outcome[]): Control[] {
  const delivered = control.filter(({ arrived, sent }) => arrived.length >= sent).length
  const cameIn = judged.filter((one) => one.cameIn.length >= one.sent).length
  return [
    {
      name: 'frames of an unencrypted network reach their tasks',
      held: control.length > 0 && delivered === control.length,
      observed: `${delivered} of ${control.length} tasks`,
    },
    {
      name: 'frames come in at the nodes',
      held: cameIn === judged.length,
      observed: `${cameIn} of ${judged.length} tasks' nodes`,
    },
  ]
}

function linkOf(
  task: Task,
  network: OverlayNetwork,
  states: ReadonlyMap<string, HostState>,
): { readonly name: string; readonly mac: string } {
  const endpoint = task.endpoints[network.name]
  const link = endpoint === undefined ? undefined : interfaceOf(stateOf(states, task.node), endpoint)
  if (link === undefined)
    throw new Inconclusive(`no interface of ${taskLabel(task)} on ${network.name} was found`)
  return link
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
