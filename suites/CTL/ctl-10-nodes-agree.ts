import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { listNodes } from '../../lib/swarm/network-view.ts'
import { networkViewsSeen } from '../scene/recordings/views.ts'
import { docs, moby } from '../source.ts'

export const nodesAgree = requirement({
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
  codes: ['node-not-ready', 'node-not-listed', 'peer-unknown', 'peer-stale'],
  changes: [],
  quiet: ['changes'],
  reads: [networkViewsSeen],
  observe: async (lab) => ({
    listed: await listNodes(lab.cluster),
    views: await lab.scene(networkViewsSeen),
  }),
  judge({ listed, views }, facts) {
    const { ingress } = facts.networks
    const peers = facts.nodes.map(({ name }) => ({
      node: name,
      peers: [...(views[name]?.find(({ id }) => id === ingress?.id)?.peers ?? [])].sort(),
    }))
    const nameOf = (address: string): string | undefined =>
      facts.nodes.find(({ advertise }) => advertise.address === address)?.name
    const expected = new Set(
      listed
        .filter(({ state }) => state === 'ready')
        .map(
          ({ id, address }) => facts.nodes.find(({ nodeId }) => nodeId === id)?.advertise.address ?? address,
        ),
    )
    return judgement({
      problems: [
        ...listed
          .filter(({ state }) => state !== 'ready')
          .map(({ id, hostname, state }): Problem => ({
            ...{ code: 'node-not-ready', kind: 'seen', observed: state },
            node: facts.nodes.find(({ nodeId }) => nodeId === id)?.name ?? hostname,
          })),
        ...facts.nodes
          .filter(({ nodeId }) => !listed.some(({ id }) => id === nodeId))
          .map(({ name }): Problem => ({ code: 'node-not-listed', kind: 'missed', node: name })),
        ...(ingress === undefined ? [] : peers).flatMap(({ node, peers: known }) => [
          ...[...expected]
            .filter((address) => !known.includes(address))
            .map((address): Problem => ({
              ...{
                code: 'peer-unknown',
                kind: 'missed',
                node,
                address,
                subject: nameOf(address) ?? 'no node',
              },
            })),
          ...known
            .filter((address) => !expected.has(address))
            .map((address): Problem => ({
              ...{ code: 'peer-stale', kind: 'seen', node, address, subject: nameOf(address) ?? 'no node' },
            })),
        ]),
      ],
      missing: ingress === undefined ? [{ what: 'ingress network', of: 'topology', nodes: [] }] : [],
      tables: {
        'nodes as the manager lists them': listed.map(({ hostname, state, availability, address }) => ({
          ...{ hostname, state, availability, address },
        })),
        'gossip peers of the ingress network as each engine tells them': peers,
      },
      conclusion: `${listed.length} nodes are Ready, and each of ${peers.length} engines knows the same ${expected.size} peers`,
    })
  },
})
