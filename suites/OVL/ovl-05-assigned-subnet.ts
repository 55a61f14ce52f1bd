import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { readAddressPools } from '../../lib/swarm/address-pools.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { addressOn, taskLabel } from '../scene/pair.ts'
import { taskNamespace } from '../scene/task-namespace.ts'
import { networkViews } from '../scene/views.ts'
import { docs, moby } from '../source.ts'
import { contains } from '../../lib/topology/cidr.ts'
import { type Used, gatewayProblems, maskProblems, overlapProblems, usualMaskLength } from './assigned.ts'

export const assignedSubnet = conformanceTest({
  id: 'OVL-05',
  requirement: 'Without `--subnet` one is assigned, overlapping neither another network nor a host route.',
  source: [
    docs('Configure the subnet and gateway'),
    docs('Using custom default address pools'),
    docs('Customize the ingress network'),
    moby('issues 48069, 46615, 24220'),
  ],
  safety: 'production',
  needs: [],
  method:
    'The subnet of the network that was created without one, and that of ingress, are compared with the subnets of all other networks on every node and with every route of every node but its default route. The gateway assigned must lie in the subnet and be the address of no task and no virtual IP, as the engine tells them and as the tasks’ kernels hold them. The mask length must be the one the manager states for the swarm, and that the one it was made with, 24 if none was given.',
  usualCauses: [
    'the default address pool of the swarm (10.0.0.0/8) overlaps the network the hosts are in, which the swarm does not check',
    'a route was added after the network was created (VPN, another bridge)',
    'ingress took the first subnet of the pool, which the hosts’ own network uses: see ING-10 for making it anew',
  ],
  remedy: [
    'ip route on the node named; docker network inspect of the networks named',
    'create the network with --subnet from a free range',
    'build the swarm with docker swarm init --default-addr-pool RANGE --default-addr-pool-mask-length 24',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { auto } = stack.networks
    const ingress = hasIngress(stack) ? stack.networks.ingress : undefined
    const manager = cluster.manager.host.name
    const [views, states, pools] = await Promise.all([
      networkViews(context),
      context.state(),
      readAddressPools(cluster),
    ])
    const networks = cluster.nodes.flatMap(({ host }) =>
      (views.get(host.name) ?? []).flatMap(({ id, name, subnets }) =>
        subnets.filter((subnet) => subnet !== '').map((subnet) => ({ node: host.name, id, name, subnet })),
      ),
    )
    const routes = cluster.nodes.flatMap((node) =>
      rootOf(stateOf(states, node), 'ip')
        .routes.filter(({ destination }) => destination !== 'default')
        .map(({ destination, device }) => ({ node: node.host.name, destination, device })),
    )
    // A swarm that was never given one states 0.
    const stated = Number(pools.split('/').at(-1)) || usualMaskLength
    const mask = { stated, askedFor: maskAskedFor(context) }
    const used = usedAddresses(context, states)
    evidence.observe('assigned', { network: auto.name, subnet: auto.subnet, gateway: auto.gateway })
    evidence.observe('addresses in use there', used)
    evidence.observe('pools and mask length of the swarm', { ...mask, pools })
    evidence.observe('compared with', {
      networks: [...new Set(networks.map(({ name, subnet }) => `${name} ${subnet}`))],
      routes: routes.map(({ node, destination, device }) => `${node}: ${destination} dev ${device}`),
    })
    const others = new Set(networks.filter(({ id }) => id !== auto.id).map(({ name }) => name))
    if (others.size === 0 || routes.length === 0) {
      throw new Error('no other network or no route was read, so no overlap could be seen')
    }
    const problems =
      auto.subnet === ''
        ? [`${auto.name} was assigned no subnet, as ${manager} tells it`]
        : [
            ...overlapProblems(auto, networks, routes),
            ...(ingress === undefined || ingress.subnet === ''
              ? []
              : overlapProblems(ingress, networks, routes)),
            ...gatewayProblems(auto, used).map((problem) => `${manager}: ${problem}`),
            ...maskProblems(manager, mask, [auto]),
          ]
    requireNone(
      `${auto.name} has a subnet of its own and a gateway, and ${ingress?.name ?? 'no ingress'} one, too`,
      [...new Set(problems)],
    )
    evidence.conclude(
      `${auto.name} was assigned ${auto.subnet} with gateway ${auto.gateway}, which is none of ${used.length} addresses in use there; it ${ingress === undefined ? 'overlaps' : `and ${ingress.name} (${ingress.subnet}) overlap`} none of ${others.size} other networks and none of ${routes.length} host routes; the swarm’s mask length is ${mask.stated}`,
    )
  },
})

/** Undefined for a swarm that was there before: with what it was made nobody knows. */
function maskAskedFor({ topology, built }: TestContext): number | undefined {
  if (built.networksBeforeServices === undefined) return undefined
  return topology.swarm.addressPools?.maskLength ?? usualMaskLength
}

/** Addresses on the network that was made without a subnet, as engines tell them and as kernels hold them. */
function usedAddresses({ stack }: TestContext, states: ReadonlyMap<string, HostState>): Used[] {
  const { auto } = stack.networks
  return [
    ...Object.values(stack.services).flatMap(({ name, vips }) => {
      const address = vips[auto.id]
      return address === undefined || address === '' ? [] : [{ who: `virtual IP of ${name}`, address }]
    }),
    ...tasksOn(stack, 'auto').flatMap((task) => {
      const held = taskNamespace(task, states)?.links.flatMap(({ addresses }) => addresses) ?? []
      const inside = held.filter(
        ({ address, family }) => family === 'inet' && auto.subnet !== '' && contains(auto.subnet, address),
      )
      return [
        { who: taskLabel(task), address: addressOn(task, auto) },
        ...inside.map(({ address }) => ({ who: `${taskLabel(task)}, in its namespace`, address })),
      ]
    }),
  ]
}
