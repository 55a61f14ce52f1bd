import { requirement } from '../../lib/conformance/test.ts'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type ClusterFacts, type NetworkFacts, taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { type Part, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { readNetworkViews } from '../../lib/swarm/network-view.ts'
import { kernel, type DevicesSeen, namespaceSeen } from '../scene/judging/kernel-seen.ts'
import { looksAgain, pollUntilSettled, settledProblems } from '../scene/polling/until-settled.ts'
import { networkViewsSeen, type ViewsSeen } from '../scene/recordings/views.ts'
import { internals, moby } from '../source.ts'
import { forwardingProblems, type ForwardingTables, type RemoteEndpoint } from './forwarding.ts'
import { partsByNode } from './parts-by-node.ts'
import { staleForwardingEntries } from '../known-issues.ts'

export const forwarding = requirement({
  id: 'VXL-06',
  requirement:
    'FDB and neighbour tables map every remote task MAC/IP to the right VTEP: none missing, none stale, on every node.',
  source: [
    internals('Inspecting vxlan tunnel interfaces'),
    moby('libnetwork/networkdb/cluster.go: bulkSyncInterval'),
  ],
  safety: 'production',
  quick: true,
  needs: ['two-nodes'],
  knownIssues: [staleForwardingEntries],
  method:
    'Each engine tells its own endpoints of each network, whoever made it: tasks and load-balancer endpoints. On every node that has the network, the tables in the network’s namespace must hold, for each endpoint of the other nodes, a permanent neighbour entry with its MAC and a forwarding entry to the data-path address of its node, and no entry for anything else. ' +
    looksAgain,
  usualCauses: [
    'gossip (7946 tcp and udp) does not pass between some nodes, so joins and leaves are not heard',
    'a node was paused or partitioned while tasks moved',
    'the engine’s tables and the kernel’s parted after a failed netlink call (search the log for "FDB" and "neigh")',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/1-NETWORK ip neigh; the same with bridge fdb show dev vxlan0',
    'nc -vz NODE 7946 and nc -vzu NODE 7946 between all nodes',
    'docker service update --force SERVICE gives its tasks new endpoints; restarting the engine rebuilds the tables',
  ],
  codes: [
    'network-namespace-missing',
    'vxlan-device-missing',
    'neighbour-missing',
    'neighbour-differs',
    'neighbour-not-permanent',
    'neighbour-stale',
    'forwarding-missing',
    'forwarding-differs',
    'forwarding-stale',
  ],
  changes: [],
  quiet: ['tasks', 'changes'],
  reads: [kernel, networkViewsSeen],
  observe: async (lab) => pollUntilSettled(lab, (fresh) => look(lab, fresh), problemsOf),
  judge(polled) {
    const what = 'forwarding tables'
    const all = polled.last.map(({ node, tables: seen }) => ({ node, seen }))
    const { missing, unseen } = part(partsByNode(all), what)
    const settled = settledProblems(polled, problemsOf, what)
    const counts = polled.last.map(({ network, node, remote }) => ({
      network,
      node,
      remoteEndpoints: remote.length,
    }))
    return judgement({
      problems: settled.problems,
      missing,
      unseen: [...unseen, ...settled.unseen],
      tables: { 'remote endpoints that must be known': counts },
      conclusion:
        counts.length === 0
          ? ''
          : `${counts.length} tables hold the neighbours and VTEPs of exactly their remote endpoints`,
    })
  },
})

/** The tables of one node for one network, and what they must hold. */
interface Place {
  readonly network: string
  readonly node: string
  readonly vni: number
  readonly namespace: string
  readonly remote: readonly RemoteEndpoint[]
  /** Null where there is no such namespace. */
  readonly tables: Part<ForwardingTables | null>
}

async function look(lab: ObserveContext, fresh: boolean): Promise<Place[]> {
  const { facts, cluster } = lab
  const [states, views] = fresh
    ? [Object.fromEntries(await lab.devices()), Object.fromEntries(await readNetworkViews(cluster))]
    : [await lab.scene(kernel), await lab.scene(networkViewsSeen)]
  return placesOf(facts, states, views)
}

function placesOf(facts: ClusterFacts, states: DevicesSeen, views: ViewsSeen): Place[] {
  return [...Object.values(facts.networks), ...otherNetworks(facts, views)].flatMap((network) => {
    const endpoints = endpointsOf(network, facts, views)
    const namespace = overlayNamespace(network.id)
    return facts.nodes
      .filter(({ name }) => endpoints.some(({ node }) => node === name))
      .map(({ name }): Place => {
        const seen = namespaceSeen(states, name, namespace, 'devices')
        return {
          ...{ network: network.name, node: name, vni: network.vni, namespace },
          remote: endpoints.filter(({ node }) => node !== name),
          tables: 'got' in seen ? { got: seen.got === undefined ? null : tablesOf(seen.got) } : seen,
        }
      })
  })
}

type ForwardedNetwork = Pick<NetworkFacts, 'id' | 'name' | 'vni'>

/** More would be a file too large to keep. */
const mostOtherNetworks = 50

/** Overlays that are not the run's, by what engines tell of them. */
function otherNetworks(facts: ClusterFacts, views: ViewsSeen): ForwardedNetwork[] {
  const own = new Set(Object.values(facts.networks).map(({ id }) => id))
  const found = Object.values(views)
    .flat()
    .filter(({ id, driver, scope }) => driver === 'overlay' && scope === 'swarm' && !own.has(id))
    .flatMap(({ id, name, options }) => {
      const vni = Number(options['com.docker.network.driver.overlay.vxlanid_list'])
      return Number.isInteger(vni) && vni > 0 ? [[id, { id, name, vni }] as const] : []
    })
  return [...new Map(found).values()].slice(0, mostOtherNetworks)
}

function tablesOf({ links, neighbours, fdb }: ForwardingTables): ForwardingTables {
  const devices = links.filter(({ kind }) => kind === 'vxlan')
  const isOurs = ({ device }: { readonly device: string }): boolean =>
    devices.some(({ name }) => name === device)
  return { links: devices, neighbours: neighbours.filter(isOurs), fdb: fdb.filter(isOurs) }
}

function problemsOf(places: readonly Place[]): Problem[] {
  return places.flatMap(({ network, node, vni, namespace, remote, tables }): Problem[] => {
    if (!('got' in tables)) return []
    if (tables.got === null)
      return [{ code: 'network-namespace-missing', kind: 'missed', node, network, subject: namespace }]
    return forwardingProblems(tables.got, remote, { node, network, vni })
  })
}

/** By each engine's own account; tasks of the stack are added as the API tells them. */
function endpointsOf(network: ForwardedNetwork, facts: ClusterFacts, views: ViewsSeen): RemoteEndpoint[] {
  const found = new Map<string, RemoteEndpoint>()
  for (const { name: node, dataPath } of facts.nodes) {
    const view = views[node]?.find(({ id }) => id === network.id)
    for (const [key, { address, mac }] of Object.entries(view?.endpoints ?? {})) {
      const name = /^(lb-|ingress-sbox)/.test(key) ? `load-balancer@${node}` : `${key.slice(0, 12)}@${node}`
      found.set(`${address} ${mac}`, { name, address, mac, node, vtep: dataPath.address })
    }
  }
  for (const task of facts.tasks) {
    const endpoint = task.endpoints[network.name]
    const vtep = facts.nodes.find(({ name }) => name === task.node)?.dataPath.address
    if (endpoint === undefined || vtep === undefined) continue
    const { address, mac } = endpoint
    found.set(`${address} ${mac}`, { name: taskName(task), address, mac, node: task.node, vtep })
  }
  return [...found.values()]
}
