import ipaddr from 'ipaddr.js'
import type { NodeSpec, Topology, UnderlaySpec } from '../topology/topology.ts'
import type { Attachment, Host } from '../host/host.ts'
import type { KnownHost } from './known-host.ts'
import { nodeNames } from './node-names.ts'
import { chooseAddresses, networkOf, type OwnAddress } from './own-addresses.ts'

/** What is verified, and the hosts it is verified on, in the same order. */
export interface Described {
  readonly topology: Topology
  readonly hosts: readonly Host[]
  readonly warnings: readonly string[]
}

/** Replaced by networks and ports that are free on these hosts before anything is created. */
const placeholderStack = {
  clear: { subnet: '10.91.1.0/24', gateway: '10.91.1.254' },
  secret: { subnet: '10.91.2.0/24', gateway: '10.91.2.254' },
  publishedPort: 8080,
} as const

const standardDataPathPort = 4789

/**
 * Describes hosts that somebody has as a topology, from what the hosts say: one underlay, or two where the data path has
 * addresses of its own.
 * @throws InputError when addresses are not there or cannot be told
 */
export function toTopology(known: readonly KnownHost[], name = 'existing-hosts'): Described {
  const addresses = chooseAddresses(known)
  const names = nodeNames(known)
  const { hosts: withRoles, warnings } = rolesOf(known)
  const of = (host: KnownHost, which: 'advertise' | 'dataPath'): OwnAddress => {
    const found = addresses.get(host)?.[which]
    if (found === undefined) throw new Error(`host ${host.inventory.name} has no address`)
    return found
  }
  const isSplit = known.some((host) => of(host, 'advertise').address !== of(host, 'dataPath').address)
  const [control, data] = isSplit ? ['control', 'data'] : ['underlay', 'underlay']
  const underlays = [
    underlay(
      control,
      known.map((host) => of(host, 'advertise')),
    ),
    ...(isSplit
      ? [
          underlay(
            data,
            known.map((host) => of(host, 'dataPath')),
          ),
        ]
      : []),
  ]
  const hosts = known.map((host, index): Host => {
    const attachments: Record<string, Attachment> = { [control]: attachment(of(host, 'advertise')) }
    if (isSplit) attachments[data] = attachment(of(host, 'dataPath'))
    const node: NodeSpec = {
      name: names.get(host) ?? host.inventory.name,
      role: withRoles[index] ?? 'worker',
      memoryMib: host.facts.memory.totalMib,
      cpus: host.facts.processors,
      addresses: Object.fromEntries(Object.entries(attachments).map(([on, { address }]) => [on, address])),
    }
    return { name: node.name, remote: host.remote, origin: 'ssh', underlays: attachments, node }
  })
  const port = known.flatMap(({ facts }) => facts.swarm.dataPathPort ?? [])[0] ?? standardDataPathPort
  const topology = deepFreeze<Topology>({
    name,
    description: `${known.length} hosts that swarmproof did not make`,
    nodes: hosts.map(({ node }) => node),
    underlays,
    swarm: { advertise: control, dataPath: data, dataPathPort: port },
    stack: placeholderStack,
  })
  return { topology, hosts, warnings }
}

function attachment({ address, interface: name }: OwnAddress): Attachment {
  return { interface: name, address }
}

/** Hosts of several networks that are routed to each other share the smallest network that holds them all. */
function underlay(name: string, addresses: readonly OwnAddress[]): UnderlaySpec {
  const networks = [...new Set(addresses.map(networkOf))]
  const mtuBytes = Math.min(...addresses.map((one) => one.mtuBytes))
  return { name, subnet: networks.length === 1 ? (networks[0] ?? '') : spanning(networks), mtuBytes }
}

function spanning(networks: readonly string[]): string {
  const parsed = networks.map((text) => ipaddr.IPv4.parseCIDR(text))
  const [[first] = [ipaddr.IPv4.parse('0.0.0.0')]] = parsed
  let length = Math.min(...parsed.map(([, prefixLength]) => prefixLength))
  while (length > 0 && !parsed.every(([address]) => address.match(first, length))) length -= 1
  return networkOf({ address: first.toString(), prefixLength: length })
}

/** In a running swarm each host knows its own; bare hosts have those of their inventory, or the first one manages. */
function rolesOf(known: readonly KnownHost[]): {
  hosts: readonly NodeSpec['role'][]
  warnings: readonly string[]
} {
  const roles = known.map(({ inventory, facts }) =>
    facts.swarm.state === 'active'
      ? facts.swarm.isManager
        ? 'manager'
        : 'worker'
      : (inventory.role ?? 'worker'),
  )
  if (roles.includes('manager')) return { hosts: roles, warnings: [] }
  const [first, ...others] = roles
  return {
    hosts: first === undefined ? [] : ['manager', ...others],
    warnings: [`no host is said to be a manager; ${known[0]?.inventory.name ?? ''} is taken for it`],
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
