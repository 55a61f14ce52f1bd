import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import type { ClusterNode, OverlayNetwork } from '../../lib/swarm/cluster.ts'
import { ingressNamespace, loadBalancerNamespace } from '../../lib/swarm/namespaces.ts'
import { type NetworkView, readNetworkViews } from '../../lib/swarm/network-view.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { type GivenAddresses, readGivenAddresses } from '../../lib/swarm/read-addresses.ts'
import { namespaceOf, stateOf } from '../scene/kernel.ts'
import { looksAgain, untilSettled } from '../scene/until-settled.ts'
import { docs, internals, overlayTutorial } from '../source.ts'
import { type Inspected, attachmentProblems, disagreements } from './inspected.ts'

export const inspectAgrees = conformanceTest({
  id: 'OVL-06',
  requirement:
    '`network inspect` on a node lists its tasks and the network’s peers, and agrees with the swarm API.',
  source: [
    docs('Create an overlay network'),
    docs('Attach a service to an overlay network'),
    internals('ingress'),
    overlayTutorial('Default Overlay Network'),
  ],
  safety: 'production',
  needs: [],
  method:
    'Each node’s engine is asked what it knows of every network of the stack. The containers it lists must be exactly the tasks the manager’s API puts on that node and network, with the same addresses; the peers of a node that takes part must be exactly the nodes with a task there, and on ingress all nodes; besides, it must list one endpoint of the network’s own balancer, with an address its namespace has in the kernel. Each running task of the stack must be on the networks that `service inspect` names for its service. ' +
    looksAgain,
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
    const seen = await untilSettled(context, (fresh) => look(context, fresh))
    evidence.observe(
      'networks as each engine shows them',
      seen.inspected.map(({ node, network, listed, peers, tasks, balancers }) => ({
        node,
        network,
        lists: listed.size,
        tasksByApi: tasks.size,
        balancers: balancers.map(({ name, address }) => `${name} ${address}`),
        peers: [...peers].sort(),
      })),
    )
    evidence.observe('networks by service inspect', seen.services)
    requireNone('network inspect agrees with the swarm API on every node', seen.problems)
    const tasks = seen.inspected.reduce((sum, one) => sum + one.tasks.size, 0)
    if (tasks === 0) throw new Error('no task of the stack is on any of its networks')
    evidence.conclude(
      `${cluster.nodes.length} engines list the ${tasks} endpoints of tasks the API gives them on ${new Set(seen.inspected.map(({ network }) => network)).size} networks, one endpoint of a balancer each, and the peers are the nodes that run those tasks; tasks are on the networks service inspect names`,
    )
  },
})

interface Seen {
  readonly inspected: readonly Inspected[]
  /** Names of networks by service. */
  readonly services: Readonly<Record<string, readonly string[]>>
  readonly problems: readonly string[]
}

async function look(context: TestContext, fresh: boolean): Promise<Seen> {
  const { cluster, stack } = context
  const [given, views, states] = await Promise.all([
    readGivenAddresses(cluster),
    readNetworkViews(cluster),
    context.state({ fresh }),
  ])
  const all = Object.values(stack.networks).flatMap((network) =>
    cluster.nodes.map((node) =>
      inspected(network, node, {
        nodes: cluster.nodes,
        given,
        view: views.get(node.host.name)?.find(({ id }) => id === network.id),
        state: stateOf(states, node),
      }),
    ),
  )
  const services = serviceNetworks(context, given)
  return {
    inspected: all,
    services: Object.fromEntries(services.map(({ service, asked }) => [service, asked])),
    problems: [
      ...all.flatMap(disagreements),
      ...services.flatMap((one) =>
        attachmentProblems(one, hasIngress(stack) ? stack.networks.ingress.name : undefined),
      ),
    ],
  }
}

/** What `service inspect` says of each service of the stack, beside what its running tasks are attached to. */
function serviceNetworks({ cluster, stack }: TestContext, given: GivenAddresses) {
  const nameOf = (id: string): string => given.networks.find((network) => network.id === id)?.name ?? id
  return Object.values(stack.services).map(({ name }) => {
    const attached = given.tasks.filter(({ of, running }) => running && of === name)
    return {
      service: name,
      asked: (given.services.find((service) => service.name === name)?.networkIds ?? []).map(nameOf),
      tasks: [...new Set(attached.map(({ taskId }) => taskId))].map((taskId) => {
        const own = attached.filter((one) => one.taskId === taskId)
        const node = cluster.nodes.find(({ nodeId }) => nodeId === own[0]?.nodeId)
        return {
          label: `${name}@${node?.host.name ?? ''}`,
          networks: own.map(({ networkId }) => nameOf(networkId)),
        }
      }),
    }
  })
}

interface Known {
  readonly nodes: readonly ClusterNode[]
  readonly given: GivenAddresses
  /** What the node’s engine shows of the network. */
  readonly view: NetworkView | undefined
  /** The node’s kernel. */
  readonly state: HostState
}

function inspected(
  network: OverlayNetwork,
  node: ClusterNode,
  { nodes, given, view, state }: Known,
): Inspected {
  const on = given.tasks.filter(({ networkId, running }) => running && networkId === network.id)
  const members = nodes.filter(
    ({ nodeId }) => network.ingress || on.some((attached) => attached.nodeId === nodeId),
  )
  const balancer = network.ingress ? ingressNamespace : loadBalancerNamespace(network.id)
  const endpoints = Object.entries(view?.endpoints ?? {})
  return {
    node: node.host.name,
    network: network.name,
    // Load balancers are listed under names of their own, not under container ids.
    listed: new Map(
      endpoints.filter(([id]) => /^[0-9a-f]{64}$/.test(id)).map(([id, { address }]) => [id, address]),
    ),
    balancers: endpoints
      .filter(([id]) => /^(lb-|ingress-sbox)/.test(id))
      .map(([, { name, address }]) => ({ name, address })),
    balancerHolds: namespaceOf(state, balancer, 'ip')
      ?.links.flatMap(({ addresses }) => addresses)
      .filter(({ family, address }) => family === 'inet' && !address.startsWith('127.'))
      .map(({ address }) => address),
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
