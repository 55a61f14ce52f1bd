import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { networkViews } from '../scene/views.ts'
import { docs, moby } from '../source.ts'
import { networkOf, overlaps } from '../../lib/topology/cidr.ts'

const bridge = 'docker_gwbridge'

export const noOverlap = conformanceTest({
  id: 'GWB-01',
  requirement: 'The subnet of docker_gwbridge overlaps no host route and no overlay.',
  source: [docs('Customize the docker_gwbridge'), moby('docker/for-linux issue 1422, moby issue 24046')],
  safety: 'production',
  needs: [],
  method:
    'On every node the subnets of docker_gwbridge, as its engine and as its kernel tell them, are compared with every route that does not lead to the bridge itself, and with the subnets of all overlay networks.',
  usualCauses: [
    'the engine’s default pool (172.17.0.0/16 and up) is used in the network the hosts are in, by a VPN for example',
    'an overlay was created with a subnet of that range',
    'a route was added after the bridge was created',
  ],
  remedy: [
    'ip route on the node named; docker network inspect docker_gwbridge',
    'leave the swarm, remove docker_gwbridge, create it with a free subnet, join again: docker network create --subnet RANGE docker_gwbridge',
    'or set default-address-pools in the engine’s daemon.json before it is created',
  ],
  async run(context) {
    const { cluster, evidence } = context
    const [views, states] = await Promise.all([networkViews(context), context.state()])
    const overlays = new Map(
      [...views.values()].flatMap((networks) =>
        networks
          .filter(({ driver }) => driver === 'overlay')
          .map(({ name, subnets }) => [name, subnets.filter((subnet) => subnet !== '')] as const),
      ),
    )
    const looks = cluster.nodes.map((node) => {
      const { host } = node
      const { links, routes: all } = rootOf(stateOf(states, node), 'ip')
      const told = views.get(host.name)?.find(({ name }) => name === bridge)?.subnets ?? []
      const held =
        links
          .find(({ name }) => name === bridge)
          ?.addresses.filter(({ family }) => family === 'inet')
          .map(({ address, prefixLength }) => `${address}/${prefixLength}`) ?? []
      const routes = all.filter(({ destination, device }) => destination !== 'default' && device !== bridge)
      return { node: host.name, subnets: [...new Set([...told, ...held].map(networkOf))], held, routes }
    })
    evidence.observe(
      'docker_gwbridge and the other routes of each node',
      looks.map(({ node, subnets, routes }) => ({
        node,
        subnets,
        routes: routes.map(({ destination, device }) => `${destination} dev ${device}`),
      })),
    )
    evidence.observe('subnets of overlay networks', overlays)
    const bare = looks.filter(({ held, routes }) => held.length === 0 || routes.length === 0)
    requireNone('the subnet of docker_gwbridge is its own on every node', [
      ...new Set(
        looks.flatMap(({ node, subnets, routes }) =>
          subnets.flatMap((subnet) => [
            ...routes
              .filter(({ destination }) => overlaps(subnet, destination))
              .map(
                ({ destination, device }) =>
                  `${node}: ${subnet} overlaps the route ${destination} dev ${device}`,
              ),
            ...[...overlays]
              .filter(([, others]) => others.some((other) => overlaps(subnet, other)))
              .map(([name, others]) => `${node}: ${subnet} overlaps overlay ${name} (${others.join(', ')})`),
          ]),
        ),
      ),
    ])
    if (bare.length > 0 || overlays.size === 0) {
      const names = bare.map(({ node }) => node).join(', ') || 'every node'
      throw new Error(`no address of ${bridge}, no other route or no overlay was read of ${names}`)
    }
    evidence.conclude(
      `the subnets of docker_gwbridge on ${looks.length} nodes overlap none of their other routes and none of ${overlays.size} overlays`,
    )
  },
})
