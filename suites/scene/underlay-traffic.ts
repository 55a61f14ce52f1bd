import { randomBytes } from 'node:crypto'
import type { Recording } from '../../lib/capture/capture.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import { encodeVxlan } from '../../lib/packet/encode.ts'
import type { ProbeRequest } from '../../lib/probe/probe.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { everythingSpoke } from './control.ts'
import { acrossHosts, addressOn, inTask, onNode, orderedPairs } from './pair.ts'

type Shared = Omit<TestContext, 'evidence'>

/** What one underlay interface of one node carried. */
export interface UnderlayRecording {
  readonly node: ClusterNode
  readonly interface: string
  readonly recording: Recording
}

/**
 * Control plane and tasks at work, recorded on every interface of every node that swarm was given: one, or two where
 * advertise and data-path address are apart.
 */
export interface UnderlayTraffic {
  readonly recordings: readonly UnderlayRecording[]
  /** In datagrams between hosts on the clear and on the encrypted network. */
  readonly nonces: { readonly clear: string; readonly secret: string }
  /** VXLAN of no network, sent to the usual port from every node where the swarm's port is another. */
  readonly decoyVni: number
}

export const usualVxlanPort = 4789
/** The last one; engines number from below. */
const decoyVni = 0xff_ff_ff
const datagramsPerPair = 3
const discardPort = 9

/** Recorded once per run and shared. */
export function underlayTraffic(context: TestContext): Promise<UnderlayTraffic> {
  return context.once('underlay-traffic', record)
}

async function record(context: Shared): Promise<UnderlayTraffic> {
  const { cluster, stack, wire, probe, signal } = context
  const points = cluster.nodes.flatMap((node) =>
    [...new Set([node.advertise.interface, node.dataPath.interface])].map((name) => ({
      node,
      interface: name,
    })),
  )
  const [clear, secret, decoy] = [randomWord(), randomWord(), randomWord()]
  const nonces = { clear, secret }
  const capturePoints = points.map(({ node, interface: name }) => ({
    host: node.host,
    interface: name,
    direction: 'both' as const,
    vxlanPorts: [...new Set([cluster.dataPathPort, usualVxlanPort])],
    filter: 'udp or esp or tcp port 2377 or tcp port 7946 or (ip[6:2] & 0x3fff != 0)',
    markers: [clear, secret, decoy],
  }))
  const { recordings } = await wire.during(capturePoints, async (captures) => {
    await probe.send([
      ...(['clear', 'secret'] as const).flatMap((role) =>
        orderedPairs(onePerNode(tasksOn(stack, role)))
          .filter(acrossHosts)
          .flatMap(([from, to]) => datagrams(from, addressOn(to, stack.networks[role]), nonces[role])),
      ),
      ...(cluster.dataPathPort === usualVxlanPort ? [] : decoys(cluster.nodes, decoy)),
    ])
    const onAdvertise = captures.filter((_, index) => {
      const point = points[index]
      return point?.interface === point?.node.advertise.interface
    })
    await everythingSpoke(cluster.nodes, onAdvertise, signal)
  })
  return {
    recordings: points.map((point, index) => ({ ...point, recording: recordings[index] as Recording })),
    nonces,
    decoyVni,
  }
}

function onePerNode(tasks: readonly Task[]): Task[] {
  return tasks.filter((task, index) => tasks.findIndex(({ node }) => node === task.node) === index)
}

/** Each has a source port of its own, so each is a flow of its own on the underlay. Nobody has to answer. */
function datagrams(from: Task, to: string, nonce: string): ProbeRequest[] {
  return Array.from({ length: datagramsPerPair }, () => ({
    kind: 'udp' as const,
    from: inTask(from),
    to,
    port: discardPort,
    payload: Buffer.from(`swarmproof ${nonce}`),
    expectReply: false,
  }))
}

function randomWord(): string {
  return randomBytes(12).toString('hex')
}

/** Frames of no protocol that hold a word. */
function decoys(nodes: readonly ClusterNode[], word: string): ProbeRequest[] {
  return orderedPairs(nodes).map(([from, to]) => ({
    kind: 'udp' as const,
    from: onNode(from),
    to: to.dataPath.address,
    port: usualVxlanPort,
    payload: encodeVxlan(decoyVni, Buffer.concat([Buffer.alloc(14), Buffer.from(word), Buffer.alloc(22)])),
    expectReply: false,
  }))
}
