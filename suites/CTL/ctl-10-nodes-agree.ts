import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { listNodes } from '../../lib/swarm/network-view.ts'
import { networkViews } from '../scene/views.ts'
import { docs, moby } from '../source.ts'

export const nodesAgree = conformanceTest({
  id: 'CTL-10',
  requirement: 'All nodes are Ready and every node’s gossip view holds the same peers.',
  source: [docs('Firewall considerations'), moby('libnetwork/networkdb, Peers of a network')],
  safety: 'production',
  needs: [],
  method:
    'The manager’s node list must say Ready for every node. The peers of the ingress network, which every node joins, are read from each engine: every list must hold exactly the advertise addresses of the nodes that are Ready.',
  usualCauses: [
    'an engine is down or cannot reach a manager on 2377/tcp',
    'the gossip is split: 7946 blocked between some nodes, or a partition that never healed',
    'two nodes advertise the same address',
  ],
  remedy: [
    'docker node ls on a manager; systemctl status docker on what is Down',
    'docker network inspect --format "{{json .Peers}}" ingress on each node: who is missing where',
    'check 7946 tcp and udp between the nodes that miss each other, then restart the engine of the one left out',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const [listed, views] = await Promise.all([listNodes(cluster), networkViews(context)])
    const peers = cluster.nodes.map((node) => ({
      node: node.host.name,
      peers: [
        ...(views.get(node.host.name)?.find(({ id }) => id === stack.networks.ingress.id)?.peers ?? []),
      ].sort(),
    }))
    evidence.observe(
      'nodes as the manager lists them',
      listed.map(({ hostname, state, availability, address }) => ({
        hostname,
        state,
        availability,
        address,
      })),
    )
    evidence.observe('gossip peers of the ingress network as each engine tells them', peers)

    const nameOf = (address: string) =>
      cluster.nodes.find((node) => node.advertise.address === address)?.host.name ?? 'no node of the swarm'
    const expected = new Set(
      listed
        .filter(({ state }) => state === 'ready')
        .map(
          ({ id, address }) =>
            cluster.nodes.find(({ nodeId }) => nodeId === id)?.advertise.address ?? address,
        ),
    )
    requireNone('all nodes are Ready and know the same peers', [
      ...listed
        .filter(({ state }) => state !== 'ready')
        .map(({ hostname, state }) => `${hostname} is ${state}, expected ready`),
      ...cluster.nodes
        .filter(({ nodeId }) => !listed.some(({ id }) => id === nodeId))
        .map(({ host }) => `${host.name} is not in the manager’s node list`),
      ...peers.flatMap(({ node, peers: known }) => [
        ...[...expected]
          .filter((address) => !known.includes(address))
          .map((address) => `${node} does not know ${nameOf(address)} (${address}) as a peer`),
        ...known
          .filter((address) => !expected.has(address))
          .map((address) => `${node} holds peer ${address}, which is ${nameOf(address)} and not Ready`),
      ]),
    ])
    evidence.conclude(
      `${listed.length} nodes are Ready, and each of ${peers.length} engines knows the same ${expected.size} peers`,
    )
  },
})
