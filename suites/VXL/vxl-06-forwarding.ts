import { requireNone } from '../../lib/conformance/require-none.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import type { ClusterNode, OverlayNetwork } from '../../lib/swarm/cluster.ts'
import { overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { type NetworkView, readNetworkViews } from '../../lib/swarm/network-view.ts'
import type { Stack } from '../../lib/swarm/stack.ts'
import { namespaceOf, stateOf } from '../scene/kernel.ts'
import { looksAgain, untilSettled } from '../scene/until-settled.ts'
import { networkViews } from '../scene/views.ts'
import { taskLabel } from '../scene/pair.ts'
import { internals, moby } from '../source.ts'
import { forwardingProblems, type RemoteEndpoint } from './forwarding.ts'

interface HostedEndpoint extends RemoteEndpoint {
  readonly node: ClusterNode
}

export const forwarding = conformanceTest({
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
  method:
    'Each engine tells its own endpoints of each network: tasks and load-balancer endpoints. On every node that has the network, the tables in the network’s namespace must hold, for each endpoint of the other nodes, a permanent neighbour entry with its MAC and a forwarding entry to the data-path address of its node, and no entry for anything else. ' +
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
  async run(context) {
    const { evidence } = context
    const { problems, counts } = await untilSettled(context, async (fresh) =>
      look(
        context,
        await context.state({ fresh }),
        await (fresh ? readNetworkViews(context.cluster) : networkViews(context)),
      ),
    )
    evidence.observe('remote endpoints that must be known', counts)
    requireNone('every node knows the way to every remote endpoint, and to nothing else', problems)
    if (counts.length === 0) throw new Error('no node has an endpoint on any network of the stack')
    evidence.conclude(
      `${counts.length} tables hold the neighbours and VTEPs of exactly their remote endpoints`,
    )
  },
})

function look(
  { cluster, stack }: TestContext,
  states: ReadonlyMap<string, HostState>,
  views: ReadonlyMap<string, readonly NetworkView[]>,
): { readonly problems: readonly string[]; readonly counts: readonly object[] } {
  const problems: string[] = []
  const counts: object[] = []
  for (const network of Object.values(stack.networks)) {
    const endpoints = endpointsOf(network, cluster.nodes, views, stack)
    const namespace = overlayNamespace(network.id)
    for (const node of cluster.nodes) {
      if (!endpoints.some((endpoint) => endpoint.node === node)) continue
      const where = `${network.name} on ${node.host.name}`
      const tables = namespaceOf(stateOf(states, node), namespace, 'bridge')
      const remote = endpoints.filter((endpoint) => endpoint.node !== node)
      const found =
        tables === undefined ? [`there is no namespace ${namespace}`] : forwardingProblems(tables, remote)
      problems.push(...found.map((problem) => `${where}: ${problem}`))
      counts.push({ network: network.name, node: node.host.name, remoteEndpoints: remote.length })
    }
  }
  return { problems, counts }
}

/** By each engine's own account; tasks of the stack are added as the API tells them. */
function endpointsOf(
  network: OverlayNetwork,
  nodes: readonly ClusterNode[],
  views: ReadonlyMap<string, readonly NetworkView[]>,
  stack: Stack,
): HostedEndpoint[] {
  const found = new Map<string, HostedEndpoint>()
  for (const node of nodes) {
    const view = views.get(node.host.name)?.find(({ id }) => id === network.id)
    for (const [key, { address, mac }] of Object.entries(view?.endpoints ?? {})) {
      const name = /^(lb-|ingress-sbox)/.test(key)
        ? `the load balancer of ${node.host.name}`
        : `container ${key.slice(0, 12)} on ${node.host.name}`
      found.set(`${address} ${mac}`, { name, address, mac, node, vtep: node.dataPath.address })
    }
  }
  for (const task of stack.tasks) {
    const endpoint = task.endpoints[network.name]
    if (endpoint === undefined) continue
    const { address, mac } = endpoint
    found.set(`${address} ${mac}`, {
      name: taskLabel(task),
      address,
      mac,
      node: task.node,
      vtep: task.node.dataPath.address,
    })
  }
  return [...found.values()]
}
