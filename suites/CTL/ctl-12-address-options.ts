import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { SwarmproofError } from '../../lib/error.ts'
import { eventually } from '../../lib/eventually.ts'
import { readHostState } from '../../lib/observe/read-host-state.ts'
import { layerOf, outerIp } from '../../lib/packet/query.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { joinAgain, leave, leavingWorker, nodeAddress } from '../../lib/swarm/membership.ts'
import { overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { readCluster } from '../../lib/swarm/read-cluster.ts'
import { readTasks } from '../../lib/swarm/read-objects.ts'
import { backWithinMs } from '../RES/bounds.ts'
import { addressOn, inTask } from '../scene/pair.ts'
import { docs } from '../source.ts'

/** A way of joining, and what must come of it. */
interface Way {
  readonly what: string
  /** Names of interfaces. */
  readonly by: { readonly advertise: string; readonly dataPath?: string }
  /** Where the others must send its VXLAN. */
  readonly dataPath: ClusterNode['dataPath']
}

/** What came of it. */
interface Joined {
  readonly what: string
  /** By its engine’s account. */
  readonly nodeAddress: string
  /** Where another node’s forwarding entry for a task on it leads. */
  readonly vtep: string
  /** VXLAN that arrived: interface and outer destination, with the number of packets. */
  readonly arrived: Readonly<Record<string, number>>
  readonly problems: readonly string[]
}

const datagrams = 5
const discardPort = 9

export const addressOptions = conformanceTest({
  id: 'CTL-12',
  requirement:
    'Address options take names of interfaces, and without `--data-path-addr` the data path takes the advertise address.',
  source: [docs('Use a separate interface for control and data traffic')],
  safety: 'lab',
  needs: ['two-nodes', 'separate-data-path'],
  timeLimitMs: 2 * backWithinMs + 360_000,
  method:
    'A worker with two underlay interfaces leaves and joins again twice: first with --advertise-addr alone, then with both options, each time with names of interfaces for addresses. Its engine must state the address of the interface that was named to advertise. Once a task of the clear network runs on it, within the bound another node’s forwarding entry for that task must lead to the address the data path is to have, and while a task there sends to it, VXLAN must arrive at that address, on its interface, and nowhere else. The bound is networkdb’s rejoin interval (60 s), its table exchange (30 s), swarmkit’s restart delay (5 s) and 120 s for starting tasks.',
  usualCauses: [
    'the interface has several addresses, so a name does not say which',
    'gossip (7946) does not bring the node’s new data-path address to the others: they keep the old one',
  ],
  remedy: [
    'docker info --format "{{.Swarm.NodeAddr}}" on the node named; ip -br address for its interfaces',
    'bridge fdb show dev vxlan0 in /run/docker/netns/1-… of another node: where do the entries of its tasks lead?',
    'give addresses instead of names',
  ],
  async run(context) {
    const { cluster, evidence } = context
    const node = leavingWorker(cluster)
    const { advertise, dataPath } = node
    const ways: readonly Way[] = [
      {
        what: 'with --advertise-addr alone',
        by: { advertise: advertise.interface },
        dataPath: advertise,
      },
      {
        what: 'with both options',
        by: { advertise: advertise.interface, dataPath: dataPath.interface },
        dataPath,
      },
    ]
    const joined: Joined[] = []
    let current = node
    for (const way of ways) {
      const again = await rejoin(context, current, way)
      current = again.node
      joined.push(again.joined)
    }
    evidence.observe(
      `${node.host.name} joined by names of interfaces`,
      joined.map(({ what, nodeAddress: stated, vtep, arrived }) => ({ what, stated, vtep, arrived })),
    )
    requireNone(
      'a node that joins has the addresses of the interfaces that were named',
      joined.flatMap(({ what, problems }) =>
        problems.map((problem) => `${node.host.name}, joined ${what}: ${problem}`),
      ),
    )
    evidence.conclude(
      `${node.host.name} joined by ${advertise.interface} alone had its data path at ${advertise.address}, where VXLAN arrived; joined by ${advertise.interface} and ${dataPath.interface} at ${dataPath.address}`,
    )
  },
})

async function rejoin(
  context: TestContext,
  node: ClusterNode,
  way: Way,
): Promise<{ node: ClusterNode; joined: Joined }> {
  const { cluster, topology, stack, signal } = context
  await leave(cluster, node, signal)
  await joinAgain(cluster, node.host, way.by, signal)
  const again = await readCluster(
    topology,
    cluster.nodes.map(({ host }) => host),
  )
  const member = again.nodes.find(({ host }) => host === node.host)
  if (member === undefined) throw new Error(`${node.host.name} is in no swarm after it joined`)
  const { rr } = stack.services
  const bound = { what: `a task of ${rr.name} runs there`, withinMs: backWithinMs, everyMs: 2000, signal }
  const tasks = await eventually(bound, async () => {
    const all = await readTasks(again, [rr.name])
    const pair = [all.find((one) => one.node === again.manager), all.find((one) => one.node === member)]
    const [from, to] = pair
    if (from !== undefined && to !== undefined) return { ready: true, value: { from, to } }
    return {
      ready: false,
      seen: `${all.length} tasks run, on ${all.map((one) => one.node.host.name).join(', ')}`,
    }
  })
  const vtep = await leadsTo(context, tasks, way)
  const arrived = await arrivals(context, tasks)
  const stated = await nodeAddress(node.host)
  const expected = `${way.dataPath.interface} ${way.dataPath.address}`
  const problems = [
    ...(stated === node.advertise.address
      ? []
      : [
          `its engine states ${stated || 'no address'}, expected ${node.advertise.address} of ${node.advertise.interface}`,
        ]),
    ...(vtep === way.dataPath.address
      ? []
      : [
          `${again.manager.host.name} leads to its task by ${vtep || 'nowhere'}, expected ${way.dataPath.address}`,
        ]),
    ...(arrived[expected] === undefined ? [`no VXLAN arrived on ${expected}`] : []),
    ...Object.keys(arrived)
      .filter((where) => where !== expected)
      .map((where) => `VXLAN arrived on ${where}, expected on ${expected} only`),
  ]
  return { node: member, joined: { what: way.what, nodeAddress: stated, vtep, arrived, problems } }
}

interface Pair {
  readonly from: Task
  readonly to: Task
}

/** Where the forwarding entry for the task leads once it leads where it should, or when the bound has run out. */
async function leadsTo({ stack, signal }: TestContext, { from, to }: Pair, way: Way): Promise<string> {
  const { clear } = stack.networks
  const mac = to.endpoints[clear.name]?.mac ?? ''
  let vtep = ''
  const bound = { what: 'the forwarding entry leads there', withinMs: backWithinMs, everyMs: 2000, signal }
  await eventually(bound, async () => {
    const state = await readHostState(from.node.host)
    const entries = state.namespaces[overlayNamespace(clear.id)]?.fdb ?? []
    vtep = entries.find((entry) => entry.mac === mac && entry.vtep !== undefined)?.vtep ?? ''
    return vtep === way.dataPath.address ? { ready: true, value: undefined } : { ready: false, seen: vtep }
  }).catch((error: unknown) => {
    if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED')) throw error
  })
  return vtep
}

/** VXLAN of the clear network that comes in on the task’s node from the other’s, by interface and outer destination. */
async function arrivals(
  { cluster, stack, wire, probe }: TestContext,
  { from, to }: Pair,
): Promise<Record<string, number>> {
  const { clear } = stack.networks
  const names = [...new Set([to.node.advertise.interface, to.node.dataPath.interface])]
  const points = names.map((name) => ({
    host: to.node.host,
    interface: name,
    direction: 'both' as const,
    vxlanPorts: [cluster.dataPathPort],
    filter: `udp port ${cluster.dataPathPort}`,
  }))
  const { recordings } = await wire.during(points, () =>
    probe.send([
      ...Array.from({ length: datagrams }, () => ({
        kind: 'udp' as const,
        from: inTask(from),
        to: addressOn(to, clear),
        port: discardPort,
        payload: Buffer.from('swarmproof'),
        expectReply: false,
      })),
      { kind: 'icmp' as const, from: inTask(from), to: addressOn(to, clear), packetBytes: 84 },
    ]),
  )
  const own = new Set([to.node.advertise.address, to.node.dataPath.address])
  const counts: Record<string, number> = {}
  for (const recording of recordings) {
    for (const packet of soundPackets(recording)) {
      const destination = outerIp(packet)?.destination ?? ''
      if (layerOf(packet, 'vxlan')?.vni !== clear.vni || !own.has(destination)) continue
      const where = `${recording.point.interface} ${destination}`
      counts[where] = (counts[where] ?? 0) + 1
    }
  }
  return counts
}
