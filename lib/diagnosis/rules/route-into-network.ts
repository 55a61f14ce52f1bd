import type { HostState, Route } from '../../observe/host-state.ts'
import { contains, prefixLengthOf } from '../../topology/cidr.ts'
import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import type { Draft, Rule } from '../rule.ts'

/** A host has a route into the subnet of an overlay, of ingress or of docker_gwbridge: two things want one range. */
export const routeIntoNetwork: Rule = {
  code: 'route-into-network',
  title: 'A host has a route into the subnet of a network of the swarm',
  severity: ['cause'],
  meaning:
    'Engines choose subnets for overlays, ingress and docker_gwbridge from pools, and do not look at the routes of all hosts, nor at those that come later. Where a host, a VPN or an office uses the same range, tasks reach their own network instead of the hosts that are meant; what is led past docker_gwbridge loses the answers of published ports and of tasks that ask outside; and clients from that range are never answered by ingress.',
  proof: [
    'A route of the main table that is not a default route covers a part of the subnet and does not lead to the network itself',
    'Its interface has an address there (a network that the host is in), or it has none (a route that was set)',
  ],
  silencedBy: ['No subnet that was verified overlaps a route of a host'],
  remedy: [
    'Where nobody needs the route: `ip route del DESTINATION dev INTERFACE`, and take it out of what sets it',
    'Else give the network another range: `docker network create --driver overlay --subnet SUBNET NAME`; for docker_gwbridge leave the swarm, `docker network rm docker_gwbridge`, `docker network create --subnet SUBNET docker_gwbridge`, join again',
    'For a new swarm: `docker swarm init --default-addr-pool RANGE`, and `default-address-pools` in `/etc/docker/daemon.json`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/27399',
      says: 'The nameserver of a cloud network, 10.0.0.2, was in the range of an overlay: containers asked themselves, and names outside were not found.',
    },
    {
      url: 'https://github.com/docker/for-linux/issues/1422',
      says: 'Swarm took 172.17.0.0/16 for its bridges although a static route of the host led there; older engines had avoided it.',
    },
  ],
  find(lab) {
    const problems = lab.problems('subnet-overlaps-route', 'bridge-overlaps-route')
    const nodes = [...new Set(problems.flatMap(({ node }) => node ?? []))]
    return nodes.flatMap((node) =>
      draftOf(
        lab,
        node,
        problems.filter((one) => one.node === node),
      ),
    )
  },
  gravity: 143,
}

interface Overlap {
  readonly problem: Reported
  /** Name of the network, and its subnet. */
  readonly network: string
  readonly subnet: string
  readonly route: Route
  /** The address by which the host is in the network that the route leads to. */
  readonly own: string | undefined
}

function draftOf(lab: LabView, node: string, problems: readonly Reported[]): Draft[] {
  const [state] = statesOf(lab, node)
  const found = problems.flatMap((problem) => overlapOf(problem, state))
  const [first] = found
  if (first === undefined) return []
  const routes = new Map(found.map((one) => [described(one.route), one]))
  const networks = [...new Set(found.map(({ network, subnet }) => `${network} (${subnet})`))]
  const set = [...routes].filter(([, { own }]) => own === undefined)
  const isWithin = found.every(
    ({ subnet, route }) => prefixLengthOf(route.destination) > prefixLengthOf(subnet),
  )
  const toBridge = found.find(({ network }) => network === gatewayBridgeName)
  return [
    {
      title: `${node} has ${routes.size === 1 ? 'a route' : `${routes.size} routes`} into ${networks.join(', ')}: ${[...routes.keys()].slice(0, 3).join('; ')}${routes.size > 3 ? '; …' : ''}`,
      cause: `The same addresses are meant by the network and by a route of ${node}. Tasks on the network reach each other and nobody else there${toBridge === undefined ? '' : `; what ${node} sends to containers behind docker_gwbridge ${isWithin ? 'at these addresses' : 'may'} ${isWithin ? 'leaves' : 'leave'} by ${toBridge.route.device} instead`}.`,
      remedy: [
        ...set.map(
          ([route]) =>
            `On ${node}, unless somebody needs it: \`ip route del ${route}\`, and take it out of what sets it`,
        ),
        ...(set.length < routes.size
          ? [
              `${node} is in that network itself (${first.own ?? ''}): give the swarm’s network another subnet, \`docker network create --driver overlay --subnet SUBNET NAME\``,
            ]
          : []),
        'Where the range is in use: another subnet for the network, and `docker swarm init --default-addr-pool RANGE` for a new swarm',
      ],
      nodes: [node],
      networks: [...new Set(found.map(({ network }) => network))],
      proof: found.map(
        ({ network, subnet, route, own }) =>
          `${node}: ${described(route)} and ${network} ${subnet}${own === undefined ? '' : `; ${route.device} has ${own}`}`,
      ),
      explains: (problem) => found.some((one) => one.problem === problem),
    },
  ]
}

/** As `ip route del` takes it. */
const described = ({ destination, gateway, device }: Route): string =>
  `${destination}${gateway === undefined ? '' : ` via ${gateway}`} dev ${device}`

function overlapOf(problem: Reported, state: HostState | undefined): Overlap[] {
  const { address: subnet, subject = '', code } = problem
  const network = code === 'bridge-overlaps-route' ? gatewayBridgeName : problem.network
  const [, destination, device] = /^(\S+) dev (\S+)$/.exec(subject) ?? []
  if (state === undefined || subnet === undefined || network === undefined) return []
  const route = state.root.routes.find((one) => one.destination === destination && one.device === device)
  if (route === undefined) return []
  const own = state.root.links
    .filter(({ name }) => name === route.device)
    .flatMap(({ addresses }) => addresses)
    .find(({ address, family }) => family === 'inet' && contains(route.destination, address))
  return [
    {
      problem,
      network,
      subnet,
      route,
      own: own === undefined ? undefined : `${own.address}/${own.prefixLength}`,
    },
  ]
}
