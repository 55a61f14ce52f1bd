import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { networkViews } from '../scene/views.ts'
import { docs, moby } from '../source.ts'
import { overlaps } from '../../lib/topology/cidr.ts'

export const assignedSubnet = conformanceTest({
  id: 'OVL-05',
  requirement: 'Without `--subnet` one is assigned, overlapping neither another network nor a host route.',
  source: [docs('Configure the subnet and gateway'), moby('issues 48069, 46615, 24220')],
  safety: 'production',
  needs: [],
  method:
    'The subnet of the network that was created without one is compared with the subnets of all other networks on every node and with every route of every node but its default route.',
  usualCauses: [
    'the default address pool of the swarm (10.0.0.0/8) overlaps the network the hosts are in, which the swarm does not check',
    'a route was added after the network was created (VPN, another bridge)',
  ],
  remedy: [
    'ip route on the node named; docker network inspect of the networks named',
    'create the network with --subnet from a free range',
    'build the swarm with docker swarm init --default-addr-pool RANGE --default-addr-pool-mask-length 24',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { auto } = stack.networks
    const [views, states] = await Promise.all([networkViews(context), context.state()])
    const networks = cluster.nodes.flatMap(({ host }) =>
      (views.get(host.name) ?? [])
        .filter(({ id }) => id !== auto.id)
        .flatMap(({ name, scope, subnets }) =>
          subnets
            .filter((subnet) => subnet !== '')
            .map((subnet) => ({ node: host.name, name, scope, subnet })),
        ),
    )
    const routes = cluster.nodes.flatMap((node) =>
      rootOf(stateOf(states, node), 'ip')
        .routes.filter(({ destination }) => destination !== 'default')
        .map(({ destination, device }) => ({ node: node.host.name, destination, device })),
    )
    evidence.observe('assigned', { network: auto.name, subnet: auto.subnet, gateway: auto.gateway })
    evidence.observe('compared with', {
      networks: [...new Set(networks.map(({ name, subnet }) => `${name} ${subnet}`))],
      routes: routes.map(({ node, destination, device }) => `${node}: ${destination} dev ${device}`),
    })
    if (networks.length === 0 || routes.length === 0) {
      throw new Error('no other network or no route was read, so no overlap could be seen')
    }
    const problems =
      auto.subnet === ''
        ? [`${auto.name} was assigned no subnet`]
        : [
            ...networks
              .filter(({ subnet }) => overlaps(subnet, auto.subnet))
              .map(
                ({ node, name, subnet }) => `${auto.subnet} overlaps network ${name} (${subnet}) on ${node}`,
              ),
            ...routes
              .filter(({ destination }) => overlaps(destination, auto.subnet))
              .map(
                ({ node, destination, device }) =>
                  `${auto.subnet} overlaps route ${destination} dev ${device} on ${node}`,
              ),
          ]
    requireNone(`${auto.name} has a subnet of its own`, [...new Set(problems)])
    evidence.conclude(
      `${auto.name} was assigned ${auto.subnet}, which overlaps none of ${new Set(networks.map(({ name }) => name)).size} other networks and none of ${routes.length} host routes`,
    )
  },
})
