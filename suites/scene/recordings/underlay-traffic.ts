import { randomBytes } from 'node:crypto'
import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import type { WireSeen } from '../../../lib/observation/frame.ts'
import type { Part } from '../../../lib/observation/part.ts'
import { encodeVxlan } from '../../../lib/packet/encode.ts'
import type { ProbeRequest } from '../../../lib/probe/probe.ts'
import type { ClusterNode, Task } from '../../../lib/swarm/cluster.ts'
import { tasksOn } from '../../../lib/swarm/stack.ts'
import { waitForControlTraffic } from './control.ts'
import { addressOn, inTask, onNode, triedHomePairs, triedNodePairs } from '../sending/pair.ts'
import { withWires } from './recording.ts'
import { defaultDataPathPort } from '../../../lib/topology/swarm-defaults.ts'
import { homePairs, triedPairs } from '../sending/counted.ts'

/**
 * Control plane and tasks at work, recorded on every interface of every node that swarm was given: one, or two where
 * advertise and data-path address are apart. Words `clear` and `secret` are in datagrams between hosts on these networks.
 */
export interface UnderlayTraffic {
  /** By `node interface`. */
  readonly wires: Readonly<Record<string, Part<WireSeen>>>
  /** VXLAN of no network, sent to the usual port from every node where the swarm's port is another. */
  readonly decoyVni: number
}

/** The last one; engines number from below. */
const decoyVni = 0xff_ff_ff
const datagramsPerPair = 3
const discardPort = 9

/** Recorded once per generation and shared. */
export const underlayTraffic = scene('underlay-traffic', record, {
  byPairs: true,
  probes(lab) {
    const decoy = lab.facts.dataPathPort === defaultDataPathPort ? 0 : triedPairs(lab).length
    return datagramsPerPair * (homePairs(lab, 'clear') + homePairs(lab, 'secret')) + decoy
  },
})

async function record(lab: ObserveContext): Promise<UnderlayTraffic> {
  const { cluster, stack, probe } = lab
  const ends = cluster.nodes.flatMap((node) =>
    [...new Set([node.advertise.interface, node.dataPath.interface])].map((name) => ({
      node,
      interface: name,
    })),
  )
  const words = { clear: randomWord(), secret: randomWord(), decoy: randomWord() }
  const points = ends.map(({ node, interface: name }) => ({
    ...{ host: node.host, interface: name, direction: 'both' as const, markers: Object.values(words) },
    vxlanPorts: [...new Set([cluster.dataPathPort, defaultDataPathPort])],
    filter: 'udp or esp or tcp port 2377 or tcp port 7946 or (ip[6:2] & 0x3fff != 0)',
  }))
  const { wires } = await withWires(lab, points, words, async (captures) => {
    await probe.send([
      ...(['clear', 'secret'] as const).flatMap((role) =>
        triedHomePairs(lab, tasksOn(stack, role)).flatMap(([from, to]) =>
          datagrams(from, addressOn(to, stack.networks[role]), words[role]),
        ),
      ),
      ...(cluster.dataPathPort === defaultDataPathPort
        ? []
        : decoys(triedNodePairs(lab, cluster.nodes), words.decoy)),
    ])
    const onAdvertise = captures.filter(
      (_, index) => ends[index]?.interface === ends[index]?.node.advertise.interface,
    )
    if (captures.length > 0) await waitForControlTraffic(lab, onAdvertise, '')
    return {}
  })
  // With one interface a node the wires are named by nodes alone.
  const named = Object.entries(wires).map(([key, wire], index) => {
    const end = ends[index]
    return [end === undefined ? key : `${end.node.host.name} ${end.interface}`, wire] as const
  })
  return { wires: Object.fromEntries(named), decoyVni }
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
function decoys(pairs: readonly (readonly [ClusterNode, ClusterNode])[], word: string): ProbeRequest[] {
  return pairs.map(([from, to]) => ({
    kind: 'udp' as const,
    from: onNode(from),
    to: to.dataPath.address,
    port: defaultDataPathPort,
    payload: encodeVxlan(decoyVni, Buffer.concat([Buffer.alloc(14), Buffer.from(word), Buffer.alloc(22)])),
    expectReply: false,
  }))
}
