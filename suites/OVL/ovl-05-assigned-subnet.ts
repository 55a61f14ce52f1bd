import { requirement } from '../../lib/conformance/test.ts'
import {
  addressIn,
  type ClusterFacts,
  type NetworkFacts,
  taskName,
  tasksIn,
} from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part, type Parted } from '../../lib/observation/part.ts'
import { distinct, type Problem } from '../../lib/observation/problem.ts'
import type { Route } from '../../lib/observe/host-state.ts'
import { readAddressPools } from '../../lib/swarm/address-pools.ts'
import { contains } from '../../lib/topology/cidr.ts'
import { isDefaultLike } from '../../lib/topology/default-like.ts'
import { kernel, type KernelSeen, rootSeen } from '../scene/judging/kernel-seen.ts'
import { taskNamespaceSeen } from '../scene/judging/task-namespace.ts'
import { networkViewsSeen, type ViewsSeen } from '../scene/recordings/views.ts'
import { docs, moby } from '../source.ts'
import {
  gatewayProblems,
  maskProblems,
  type OtherNetwork,
  overlapProblems,
  type Used,
  usualMaskLength,
} from './assigned.ts'

export const assignedSubnet = requirement({
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
    'ingress took the first subnet of the pool, which the hosts’ own network uses: see ING-10 for recreating it',
  ],
  remedy: [
    'ip route on the node named; docker network inspect of the networks named',
    'create the network with --subnet from a free range',
    'build the swarm with docker swarm init --default-addr-pool RANGE --default-addr-pool-mask-length 24',
  ],
  codes: [
    'subnet-not-stated',
    'subnet-overlaps-network',
    'subnet-overlaps-route',
    'gateway-not-assigned',
    'gateway-outside-subnet',
    'gateway-is-subnet-address',
    'gateway-address-used',
    'swarm-mask-length-differs',
    'subnet-mask-length-differs',
  ],
  changes: [],
  quiet: ['changes'],
  reads: [kernel, networkViewsSeen],
  async observe(lab) {
    return {
      kernel: await lab.scene(kernel),
      views: await lab.scene(networkViewsSeen),
      pools: await readAddressPools(lab.cluster),
    }
  },
  judge({ kernel: states, views, pools }, facts) {
    const { manager } = facts
    const { auto, ingress } = facts.networks
    const networks = networksOf(views)
    const read = routesOf(states, facts)
    const routes = [...read.got].flatMap(([node, all]) =>
      all.map(({ destination, device }) => ({ node, destination, device })),
    )
    const compared = routes.filter(({ destination }) => !isDefaultLike(destination))
    // A swarm that was never given one states 0.
    const stated = Number(pools.split('/').at(-1)) || usualMaskLength
    const mask = { stated, askedFor: maskAskedFor(facts) }
    const { used, ...tasks } = usedAddresses(facts, states)
    const others = new Set(networks.filter(({ id }) => id !== auto.id).map(({ name }) => name))
    const overlapsOf = (network: NetworkFacts | undefined): Problem[] =>
      network === undefined || network.subnet === '' ? [] : overlapProblems(network, networks, routes)
    return judgement({
      problems: distinct([
        ...overlapsOf(auto),
        ...overlapsOf(ingress),
        ...(auto.subnet === ''
          ? [subnetNotStated(manager, auto)]
          : [...gatewayProblems(manager, auto, used), ...maskProblems(manager, mask, [auto])]),
      ]),
      missing: [...read.missing, ...tasks.missing],
      unseen: [
        ...read.unseen,
        ...tasks.unseen,
        ...(ingress?.subnet === '' ? [{ what: `the subnet of ${ingress.name}`, nodes: [manager] }] : []),
        ...(others.size === 0 ? [{ what: 'another network', nodes: [] }] : []),
        ...(compared.length === 0 ? [{ what: 'a route', nodes: [] }] : []),
      ],
      tables: {
        assigned: { network: auto.name, subnet: auto.subnet, gateway: auto.gateway },
        'addresses in use there': used,
        'pools and mask length of the swarm': { ...mask, pools },
        'compared with': {
          networks: [...new Set(networks.map(({ name, subnet }) => `${name} ${subnet}`))],
          routes: compared.map(({ node, destination, device }) => `${node}: ${destination} dev ${device}`),
        },
      },
      conclusion: `${auto.name} was assigned ${auto.subnet} with gateway ${auto.gateway}, which is none of ${used.length} addresses in use there; it ${ingress === undefined ? 'overlaps' : `and ${ingress.name} (${ingress.subnet}) overlap`} none of ${others.size} other networks and none of ${compared.length} host routes; the swarm’s mask length is ${mask.stated}`,
    })
  },
})

function networksOf(views: ViewsSeen): OtherNetwork[] {
  return Object.entries(views).flatMap(([node, listed]) =>
    listed.flatMap(({ id, name, subnets }) =>
      subnets.filter((subnet) => subnet !== '').map((subnet) => ({ node, id, name, subnet })),
    ),
  )
}

function routesOf(states: KernelSeen, { nodes }: ClusterFacts): Parted<readonly Route[]> {
  const read = nodes.map(({ name }) => {
    const root = rootSeen(states, name, 'devices')
    return [name, 'got' in root ? { got: root.got.routes } : root] as const
  })
  return part(Object.fromEntries(read), 'routes')
}

/** Undefined for a swarm that was there before: with what it was made nobody knows. */
function maskAskedFor({ topology, built }: ClusterFacts): number | undefined {
  if (built.networksBeforeServices === undefined) return undefined
  return topology.swarm.addressPools?.maskLength ?? usualMaskLength
}

/** Addresses on the network that was made without a subnet, as engines tell them and as kernels hold them. */
function usedAddresses(facts: ClusterFacts, states: KernelSeen) {
  const { auto } = facts.networks
  const tasks = tasksIn(facts, 'auto')
  const read = tasks.map((task) => [task, taskNamespaceSeen(states, task)] as const)
  const { missing, unseen } = part(
    Object.fromEntries(read.map(([{ node }, seen]) => [node, seen])),
    'interfaces of tasks',
  )
  // A namespace that is not found may hold anything.
  const lost = read.flatMap(([task, seen]) => ('got' in seen && seen.got === undefined ? [task] : []))
  const used: Used[] = [
    ...Object.values(facts.services).flatMap(({ name, vips: { [auto.id]: address = '' } }) =>
      address === '' ? [] : [{ who: `virtual IP of ${name}`, address }],
    ),
    ...read.flatMap(([task, seen]): Used[] => {
      const who = taskName(task)
      const { node } = task
      const held = 'got' in seen ? (seen.got?.links ?? []).flatMap(({ addresses }) => addresses) : []
      const inside = held.filter(
        ({ address, family }) => family === 'inet' && auto.subnet !== '' && contains(auto.subnet, address),
      )
      return [
        { who, node, address: addressIn(task, auto) },
        ...inside.map(({ address }) => ({ who: `${who}, in its namespace`, node, address })),
      ]
    }),
  ]
  return {
    ...{ used, missing },
    unseen: [
      ...unseen,
      ...lost.map((task) => ({ what: `the namespace of ${taskName(task)}`, nodes: [task.node] })),
      ...(tasks.length === 0 ? [{ what: `a task on ${auto.name}`, nodes: [] }] : []),
    ],
  }
}

function subnetNotStated(node: string, { name }: NetworkFacts): Problem {
  return { code: 'subnet-not-stated', kind: 'missed', node, network: name, subject: 'subnet' }
}
