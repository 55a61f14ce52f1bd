import type { ObserveContext } from '../../lib/conformance/context.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { seenFrames } from '../../lib/observation/frame.ts'
import { part } from '../../lib/observation/part.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { readHostState } from '../../lib/observe/read-host-state.ts'
import { poll } from '../../lib/poll.ts'
import type { Cluster, ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { joinAgain, leave, nodeAddress } from '../../lib/swarm/membership.ts'
import { namespaceNamed, overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { readCluster } from '../../lib/swarm/read-cluster.ts'
import { readTasks } from '../../lib/swarm/read-objects.ts'
import { backWithinMs } from '../RES/bounds.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { addressOn, inTask } from '../scene/sending/pair.ts'
import { type WiresSeen, withWires } from '../scene/recordings/recording.ts'

/** A way of joining, and what must come of it. */
export interface Way {
  readonly what: string
  /** Names of interfaces. */
  readonly by: { readonly advertise: string; readonly dataPath?: string }
  /** Where the others must send its VXLAN. */
  readonly dataPath: ClusterNode['dataPath']
}

/** What came of it. */
export interface Joined extends Pick<Way, 'what' | 'dataPath'> {
  /** By its engine’s account; empty where it states none. */
  readonly stated: string
  /** Where the forwarding entry of another node for a task on it led; empty where there was none. */
  readonly vtep: Polled<string>
  /** Name of that node. */
  readonly asker: string
  /** Addresses it had before; what comes to others is not its. */
  readonly addresses: readonly string[]
  /** Of its interfaces, by `node interface` or by node where it has one. */
  readonly wires: WiresSeen
}

const datagrams = 5
/** Those and an echo. */
export const datagramsOfJoined = datagrams + 1
const discardPort = 9

export async function rejoin(
  lab: ObserveContext,
  node: ClusterNode,
  way: Way,
): Promise<{ readonly node: ClusterNode; readonly joined: Joined }> {
  const { cluster, topology, signal } = lab
  await leave(cluster, node, signal)
  await joinAgain(cluster, node.host, way.by, signal)
  const hosts = cluster.nodes.map(({ host }) => host)
  const again = await readCluster(topology, hosts)
  const member = again.nodes.find(({ host }) => host === node.host)
  if (member === undefined) throw new Inconclusive(`${node.host.name} is in no swarm after it joined`)
  const pair = await tasksOnBoth(lab, again, member)
  const vtep = await vtepOf(lab, pair, way)
  const wires = await record(lab, pair)
  return {
    node: member,
    joined: {
      ...{ what: way.what, dataPath: way.dataPath, vtep, wires, asker: again.manager.host.name },
      stated: await nodeAddress(node.host),
      addresses: [node.advertise.address, node.dataPath.address],
    },
  }
}

interface Pair {
  readonly from: Task
  readonly to: Task
}

/** A task on the manager and one on the node, once both run. */
async function tasksOnBoth(
  { stack, signal }: ObserveContext,
  again: Cluster,
  member: ClusterNode,
): Promise<Pair> {
  const { rr } = stack.services
  let found: Partial<Pair> = {}
  const look = async (): Promise<string[]> => {
    const all = await readTasks(again, [rr.name])
    const from = all.find((one) => one.node === again.manager)
    const to = all.find((one) => one.node === member)
    found = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
    return all.map((one) => one.node.host.name)
  }
  const bound = { what: `a task of ${rr.name} runs there`, withinMs: backWithinMs, everyMs: 2000, signal }
  await poll(bound, look, () => (found.from === undefined || found.to === undefined ? ['no task yet'] : []))
  if (found.from === undefined || found.to === undefined)
    throw new Inconclusive(`no task of ${rr.name} ran on ${member.host.name} within ${backWithinMs / 1000} s`)
  return { from: found.from, to: found.to }
}

/** Where the forwarding entry for the task leads, until it leads where it should. */
async function vtepOf(
  { stack, signal }: ObserveContext,
  { from, to }: Pair,
  way: Way,
): Promise<Polled<string>> {
  const { clear } = stack.networks
  const mac = to.endpoints[clear.name]?.mac ?? ''
  const bound = { what: 'the forwarding entry leads there', withinMs: backWithinMs, everyMs: 2000, signal }
  return poll(
    bound,
    async () => {
      const state = await readHostState(from.node.host)
      const entries = namespaceNamed(state.namespaces, overlayNamespace(clear.id))?.fdb ?? []
      return entries.find((entry) => entry.mac === mac && entry.vtep !== undefined)?.vtep ?? ''
    },
    (vtep) => (vtep === way.dataPath.address ? [] : [vtep]),
  )
}

/** What comes in on the interfaces of the task’s node while the other sends to it. */
async function record(lab: ObserveContext, { from, to }: Pair): Promise<WiresSeen> {
  const { cluster, stack, probe } = lab
  const { clear } = stack.networks
  const names = [...new Set([to.node.advertise.interface, to.node.dataPath.interface])]
  const points = names.map((name) => ({
    ...{ host: to.node.host, interface: name, direction: 'both' as const },
    ...{ vxlanPorts: [cluster.dataPathPort], filter: `udp port ${cluster.dataPathPort}` },
  }))
  const { wires } = await withWires(lab, points, {}, async () => {
    await probe.send([
      ...Array.from({ length: datagrams }, () => ({
        ...{ kind: 'udp' as const, from: inTask(from), to: addressOn(to, clear), port: discardPort },
        ...{ payload: Buffer.from('swarmproof'), expectReply: false },
      })),
      { kind: 'icmp' as const, from: inTask(from), to: addressOn(to, clear), packetBytes: 84 },
    ])
    return {}
  })
  return wires
}

/** What is not as the way of joining demands. `subject` of each says which way. */
export function joinedProblems(
  { what, dataPath, stated, vtep, asker, addresses, wires }: Joined,
  node: string,
  advertise: ClusterNode['advertise'],
  { networks }: ClusterFacts,
): Problem[] {
  const where = { node, subject: what }
  const frames = [...part(wires, 'capture').got.values()].flatMap((wire) =>
    seenFrames([wire]).map((frame) => ({ ...frame, interface: wire.interface })),
  )
  const own = frames.filter(
    ({ vxlan, outer }) => vxlan?.vni === networks.clear.vni && addresses.includes(outer?.destination ?? ''),
  )
  const arrived = groupBy(own, (frame) => `${frame.interface} ${frame.outer?.destination}`)
  const expected = `${dataPath.interface} ${dataPath.address}`
  const isRecorded = frames.length > 0 || Object.values(wires).every((wire) => 'got' in wire)
  return [
    ...(stated === advertise.address
      ? []
      : [
          {
            ...{ ...where, code: 'stated-address-differs' as const, kind: 'seen' as const },
            ...{ observed: stated || 'no address', expected: advertise.address },
          },
        ]),
    ...(vtep.reached
      ? []
      : [
          {
            ...{ ...where, node: asker, code: 'tunnel-end-differs' as const, kind: 'seen' as const },
            ...{ observed: vtep.last || 'no entry', expected: dataPath.address },
          },
        ]),
    ...(arrived.has(expected) || !isRecorded
      ? []
      : [{ ...where, code: 'data-not-arrived' as const, kind: 'missed' as const, expected }]),
    ...[...arrived.keys()]
      .filter((observed) => observed !== expected)
      .map((observed): Problem => ({
        ...where,
        code: 'data-arrived-elsewhere',
        kind: 'seen',
        observed,
        expected,
      })),
  ]
}
