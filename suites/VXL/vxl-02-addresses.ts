import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import type { NetworkView } from '../../lib/swarm/network-view.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { exchange } from '../scene/exchange-before.ts'
import { type VxlanFrame, vxlanFrames } from '../scene/frames.ts'
import { networkViews } from '../scene/views.ts'
import { orderedPairs, taskLabel } from '../scene/pair.ts'
import { internals } from '../source.ts'
import { type Station, isEchoBetween, switchProblems } from './one-switch.ts'

export const addresses = conformanceTest({
  id: 'VXL-02',
  requirement: 'Inner addresses are the tasks’; outer addresses are the hosts’ data-path addresses.',
  source: [internals('vxlan')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Every task of the clear network sends to every other while the data-path interface of each node is recorded. Each VXLAN packet of the network that carries IPv4 is judged, in both directions: its inner addresses must be endpoints of the network, and its outer addresses the data-path addresses of the nodes that host them. Echoes between tasks must go as on one switch: from the sender’s own MAC to the target’s own, with the TTL they were sent with.',
  usualCauses: [
    'the engine picked another address than the one meant: several addresses on the host, no --data-path-addr',
    'a NAT rule on the host or between the hosts rewrites the outer source',
    'a forwarding entry points to the wrong node',
    'a router, proxy or other VPN stands between tasks of one network: inner MACs are its own, a hop is off the TTL',
  ],
  remedy: [
    'docker node inspect NODE --format "{{.Status.Addr}}" and docker info: compare with the address of the data-path interface',
    'join with --advertise-addr and --data-path-addr',
    'iptables -t nat -S POSTROUTING: look for rules that match UDP to the data-path port',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { clear } = stack.networks
    const { recordings } = await exchange(context)
    const owners = endpointOwners(cluster.nodes, await networkViews(context), clear.id)
    for (const task of tasksOn(stack, 'clear')) {
      owners.set(task.endpoints[clear.name]?.address ?? '', task.node)
    }
    const frames = vxlanFrames(recordings.values(), cluster.nodes).filter(
      ({ vxlan, inner }) => vxlan.vni === clear.vni && inner?.protocol === 'ipv4',
    )
    const stations = new Map(
      tasksOn(stack, 'clear').flatMap((task) => {
        const endpoint = task.endpoints[clear.name]
        if (endpoint === undefined || endpoint.mac === '') return []
        const station: Station = { label: taskLabel(task), address: endpoint.address, mac: endpoint.mac }
        return [[endpoint.address, station] as const]
      }),
    )
    const echoes = new Set(frames.filter((frame) => isEchoBetween(frame, stations)))
    const wrong = frames.map((frame) => ({
      frame,
      why: [...wrongAddresses(frame, owners), ...(echoes.has(frame) ? switchProblems(frame, stations) : [])],
    }))
    const judged = wrong.filter(({ why }) => why.length > 0)
    const nodes = new Set(tasksOn(stack, 'clear').map((task) => task.node))
    const right = (from: ClusterNode, to: ClusterNode) =>
      frames.find(
        ({ outer }) => outer.source === from.dataPath.address && outer.destination === to.dataPath.address,
      )
    const pairs = orderedPairs([...nodes])
    evidence.observe('data-path addresses', addressesByName(cluster.nodes))
    evidence.packets(
      'one packet of each ordered pair of nodes',
      pairs.flatMap(([from, to]) => right(from, to)?.packet ?? []),
    )
    if (judged.length > 0) {
      evidence.packets(
        'packets with wrong addresses',
        judged.slice(0, 40).map(({ frame }) => frame.packet),
      )
    }
    requireNone('every VXLAN packet goes between the nodes that host its inner addresses', [
      ...new Set(judged.flatMap(({ why }) => why)),
      ...pairs
        .filter(([from, to]) => right(from, to) === undefined)
        .map(
          ([from, to]) =>
            `no VXLAN packet from ${from.dataPath.address} (${from.host.name}) to ${to.dataPath.address} (${to.host.name})`,
        ),
    ])
    if (echoes.size === 0 && pairs.length > 0)
      throw new Error(
        'no echo between tasks was recorded, so it could not be seen whether they go as on one switch',
      )
    evidence.conclude(
      `${frames.length} VXLAN packets between ${pairs.length} ordered pairs of nodes; outer addresses are always those of the nodes that host the inner ones; ${echoes.size} echoes went from MAC to MAC with the TTL they were sent with`,
    )
  },
})

/** Which node hosts an address of the network, load-balancer endpoints included. */
function endpointOwners(
  nodes: readonly ClusterNode[],
  views: ReadonlyMap<string, readonly NetworkView[]>,
  networkId: string,
): Map<string, ClusterNode> {
  return new Map(
    nodes.flatMap((node) => {
      const view = views.get(node.host.name)?.find((candidate) => candidate.id === networkId)
      return Object.values(view?.endpoints ?? {}).map(({ address }) => [address, node] as const)
    }),
  )
}

function wrongAddresses(frame: VxlanFrame, owners: ReadonlyMap<string, ClusterNode>): string[] {
  const { inner, outer, seenOn } = frame
  if (inner === undefined) return []
  return (['source', 'destination'] as const).flatMap((side) => {
    const owner = owners.get(inner[side])
    const packet = `seen on ${seenOn}: inner ${inner.source} → ${inner.destination}`
    if (owner === undefined) return [`${packet}: ${side} is no endpoint of the network`]
    if (owner.dataPath.address === outer[side]) return []
    return [
      `${packet}: outer ${side} is ${outer[side]}, expected ${owner.dataPath.address} of ${owner.host.name}`,
    ]
  })
}

function addressesByName(nodes: readonly ClusterNode[]): Record<string, string> {
  return Object.fromEntries(nodes.map((node) => [node.host.name, node.dataPath.address]))
}
