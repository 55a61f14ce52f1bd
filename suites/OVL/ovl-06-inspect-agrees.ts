import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { ClusterNode, OverlayNetwork } from '../../lib/swarm/cluster.ts'
import { type NetworkView, readNetworkViews } from '../../lib/swarm/network-view.ts'
import { type GivenAddresses, readGivenAddresses } from '../../lib/swarm/read-addresses.ts'
import { docs, internals, overlayTutorial } from '../source.ts'
import { type Inspected, disagreements } from './inspected.ts'

export const inspectAgrees = conformanceTest({
  id: 'OVL-06',
  requirement:
    '`network inspect` on a node lists its tasks and the network’s peers, and agrees with the swarm API.',
  source: [
    docs('Create an overlay network'),
    internals('ingress'),
    overlayTutorial('Default Overlay Network'),
  ],
  safety: 'production',
  needs: [],
  method:
    'Each node’s engine is asked what it knows of every network of the stack. The containers it lists must be exactly the tasks the manager’s API puts on that node and network, with the same addresses; the peers of a node that takes part must be exactly the nodes with a task there, and on ingress all nodes. What differs is looked at a second time, because tasks come and go.',
  usualCauses: [
    'gossip (7946) does not reach a node, so peers are missing on both sides',
    'a container was taken off the network by hand, or a task’s endpoint was lost in a restart of the engine',
    'a node left without saying so and is still listed as a peer',
  ],
  remedy: [
    'docker network inspect --format "{{json .Peers}} {{json .Containers}}" NETWORK on the node named',
    'check 7946 tcp and udp between the nodes that miss each other (CTL-02, CTL-03)',
    'docker service update --force SERVICE gives its tasks new endpoints; restart the engine of the node named if peers stay wrong',
  ],
  async run(context) {
    const { evidence, cluster } = context
    const first = await look(context)
    const wrong = first.flatMap(disagreements)
    const again = wrong.length === 0 ? first : await look(context)
    const lasting = again.flatMap(disagreements).filter((problem) => wrong.includes(problem))
    evidence.observe(
      'networks as each engine shows them',
      again.map(({ node, network, listed, peers, tasks }) => ({
        node,
        network,
        lists: listed.size,
        tasksByApi: tasks.size,
        peers: [...peers].sort(),
      })),
    )
    requireNone('network inspect agrees with the swarm API on every node', lasting)
    const tasks = again.reduce((sum, one) => sum + one.tasks.size, 0)
    if (tasks === 0) throw new Error('no task of the stack is on any of its networks')
    evidence.conclude(
      `${cluster.nodes.length} engines list the ${tasks} endpoints of tasks the API gives them on ${new Set(again.map(({ network }) => network)).size} networks, and the peers are the nodes that run those tasks`,
    )
  },
})

async function look({ cluster, stack }: TestContext): Promise<Inspected[]> {
  const [given, views] = await Promise.all([readGivenAddresses(cluster), readNetworkViews(cluster)])
  return Object.values(stack.networks).flatMap((network) =>
    cluster.nodes.map((node) =>
      inspected(
        network,
        node,
        cluster.nodes,
        given,
        views.get(node.host.name)?.find(({ id }) => id === network.id),
      ),
    ),
  )
}

function inspected(
  network: OverlayNetwork,
  node: ClusterNode,
  nodes: readonly ClusterNode[],
  given: GivenAddresses,
  view: NetworkView | undefined,
): Inspected {
  const on = given.tasks.filter(({ networkId, running }) => running && networkId === network.id)
  const members = nodes.filter(
    ({ nodeId }) => network.ingress || on.some((attached) => attached.nodeId === nodeId),
  )
  return {
    node: node.host.name,
    network: network.name,
    // Load balancers are listed under names of their own, not under container ids.
    listed: new Map(
      Object.entries(view?.endpoints ?? {})
        .filter(([id]) => /^[0-9a-f]{64}$/.test(id))
        .map(([id, { address }]) => [id, address]),
    ),
    peers: view?.peers ?? [],
    tasks: new Map(
      on
        .filter(({ nodeId }) => nodeId === node.nodeId)
        .map(({ containerId, of, address }) => [containerId, { label: `${of}@${node.host.name}`, address }]),
    ),
    members: new Map(members.map(({ advertise, host }) => [advertise.address, host.name])),
    takesPart: members.includes(node),
  }
}
