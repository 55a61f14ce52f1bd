import { isIPv4 } from 'node:net'
import { requirement } from '../../lib/conformance/test.ts'
import { addressIn, type ClusterFacts, taskName, tasksIn } from '../../lib/observation/facts.ts'
import { refOf, type SeenFrame, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { distinct, type Problem } from '../../lib/observation/problem.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { holders } from '../CTL/arrival.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { networkViewsSeen, type ViewsSeen } from '../scene/recordings/views.ts'
import { internals } from '../source.ts'
import { isEchoBetween, type Station, switchProblems } from './one-switch.ts'

export const addresses = requirement({
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
  codes: [
    'outer-address-differs',
    'inner-address-unknown',
    'inner-mac-differs',
    'hop-taken',
    'not-encapsulated',
  ],
  changes: [],
  quiet: ['changes'],
  reads: [exchange, networkViewsSeen],
  observe: async (lab) => ({
    exchange: await lab.scene(exchange),
    views: await lab.scene(networkViewsSeen),
  }),
  judge({ exchange: { wires }, views }, facts) {
    const { clear } = facts.networks
    const { got, missing, unseen } = part(wires, 'capture')
    const owners = endpointOwners(facts, views)
    const stations = stationsOf(facts)
    const frames = seenFrames(got.values()).filter(
      ({ vxlan, inner }) => vxlan?.vni === clear.vni && isIPv4(inner?.ip?.source ?? ''),
    )
    const echoes = new Set(frames.filter((frame) => isEchoBetween(frame, stations)))
    const judged = frames.map((frame) => ({
      frame,
      problems: [
        ...addressProblems(frame, owners, facts),
        ...(echoes.has(frame) ? switchProblems(frame, stations, clear.name) : []),
      ],
    }))
    const wrong = judged.filter(({ problems }) => problems.length > 0)
    const pairs = nodePairs(
      facts,
      holders(facts, 'clear').filter(({ name }) => got.has(name)),
      ({ name }) => name,
    )
    const between = pairs.map(([from, to]) => ({
      from,
      to,
      first: frames.find(
        ({ egress, seenOn, outer }) =>
          egress && seenOn === from.name && outer?.destination === to.dataPath.address,
      ),
    }))
    const silent = between.filter(({ first }) => first === undefined)
    return judgement({
      problems: distinct([
        ...wrong.flatMap(({ problems }) => problems),
        ...silent.map(({ from, to }): Problem => ({
          ...{ code: 'not-encapsulated', kind: 'missed', node: from.name, network: clear.name },
          // Nothing of a pair was seen, and that rests on no echo.
          ...{ path: { from: from.name, to: to.name }, controls: [] },
        })),
      ]),
      controls:
        pairs.length === 0
          ? []
          : [{ name: 'echoes between tasks recorded', held: echoes.size > 0, observed: echoes.size }],
      missing,
      unseen,
      tables: {
        'data-path addresses': Object.fromEntries(
          facts.nodes.map(({ name, dataPath }) => [name, dataPath.address]),
        ),
      },
      packets: {
        'one packet of each ordered pair of nodes': between.flatMap(({ first }) =>
          first === undefined ? [] : [refOf(first)],
        ),
        'packets with wrong addresses': wrong.slice(0, 40).map(({ frame }) => refOf(frame)),
      },
      conclusion:
        frames.length === 0
          ? ''
          : `${frames.length} VXLAN packets between ${pairs.length} ordered pairs of nodes; outer addresses are always those of the nodes that host the inner ones; ${echoes.size} echoes went from MAC to MAC with the TTL they were sent with`,
    })
  },
})

/** Which node hosts an address of the network, load-balancer endpoints included. */
function endpointOwners(facts: ClusterFacts, views: ViewsSeen): ReadonlyMap<string, string> {
  const { clear } = facts.networks
  const listed = facts.nodes.flatMap(({ name }) => {
    const view = views[name]?.find(({ id }) => id === clear.id)
    return Object.values(view?.endpoints ?? {}).map(({ address }) => [address, name] as const)
  })
  const tasks = tasksIn(facts, 'clear').map((task) => [addressIn(task, clear), task.node] as const)
  return new Map([...listed, ...tasks])
}

function stationsOf(facts: ClusterFacts): ReadonlyMap<string, Station> {
  const { clear } = facts.networks
  return new Map(
    tasksIn(facts, 'clear').flatMap((task) => {
      const endpoint = task.endpoints[clear.name]
      if (endpoint === undefined || endpoint.mac === '') return []
      const { address, mac } = endpoint
      return [[address, { label: taskName(task), node: task.node, address, mac }] as const]
    }),
  )
}

function addressProblems(
  { inner, outer, seenOn }: SeenFrame,
  owners: ReadonlyMap<string, string>,
  facts: ClusterFacts,
): Problem[] {
  const network = facts.networks.clear.name
  const sender = owners.get(inner?.ip?.source ?? '')
  const receiver = owners.get(inner?.ip?.destination ?? '')
  const path = sender === undefined || receiver === undefined ? {} : { path: { from: sender, to: receiver } }
  return (['source', 'destination'] as const).flatMap((side): Problem[] => {
    const address = inner?.ip?.[side] ?? ''
    const owner = facts.nodes.find(({ name }) => name === owners.get(address))
    if (owner === undefined)
      return [{ code: 'inner-address-unknown', kind: 'seen', node: seenOn, network, subject: side, address }]
    const observed = outer?.[side] ?? ''
    const expected = owner.dataPath.address
    if (observed === expected) return []
    return [
      {
        // It is the sender's doing, wherever it is seen.
        ...{ code: 'outer-address-differs', kind: 'seen', node: sender ?? seenOn, ...path, network },
        ...{ subject: side, expected, observed },
      },
    ]
  })
}
