import { isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { InputError } from '../error.ts'
import type { HostFacts, InterfaceFacts } from './host-facts.ts'
import type { KnownHost } from './known-host.ts'

/** An address of a host, and the interface that has it. */
export interface OwnAddress {
  readonly address: string
  readonly prefixLength: number
  readonly interface: string
  readonly mtuBytes: number
}

/** Addresses between hosts as the hosts themselves have them, never the name SSH reaches them by. */
export interface HostAddresses {
  readonly advertise: OwnAddress
  readonly dataPath: OwnAddress
}

/** Kinds of interfaces that engines and virtual networks make; no other host is reached through them by itself. */
const inner = /^(docker0|docker_gwbridge|br-[0-9a-f]{12}|veth.*|vx-.*|lo|virbr\d+|cni\d*|flannel.*|cali.*)$/

/**
 * Which address each host advertises, and which carries its data path: what its swarm says, else what the inventory
 * says, else the one in the network that all hosts share.
 * @throws InputError when a host does not have the address, or it cannot be told which is meant
 */
export function chooseAddresses(hosts: readonly KnownHost[]): ReadonlyMap<KnownHost, HostAddresses> {
  const unsaid = hosts.filter((host) => saidOf(host) === undefined)
  const shared = unsaid.length === 0 ? undefined : sharedAddresses(hosts)
  return new Map(
    hosts.map((host) => {
      const said = saidOf(host)
      const advertise = said === undefined ? guessed(host, hosts, shared) : owned(host, said, 'advertised')
      const given = host.facts.swarm.dataPathAddress ?? host.inventory.dataPath
      const dataPath = given === undefined ? advertise : owned(host, given, 'data-path')
      return [host, { advertise, dataPath }]
    }),
  )
}

/** The node's own word counts; an inventory's only where there is no swarm yet. */
function saidOf({ facts, inventory }: KnownHost): string | undefined {
  const { state, nodeAddress } = facts.swarm
  if (state === 'active' && nodeAddress !== '' && nodeAddress !== '0.0.0.0') return nodeAddress
  return inventory.advertise
}

function owned(host: KnownHost, address: string, what: string): OwnAddress {
  const found = addressesOf(host.facts).find((one) => one.address === address)
  if (found !== undefined) return found
  if (isIPv6(address)) throw ofIPv6(host, address, what)
  throw new InputError({
    code: 'ADDRESS_NOT_THERE',
    what: `no interface has the ${what} address ${address}`,
    host: host.inventory.name,
    observed: listed(host.facts),
    hint:
      host.facts.swarm.state === 'active'
        ? 'the node advertises an address that is translated on the way, which VXLAN and ESP do not survive; let it join again with --advertise-addr'
        : 'give one of its own addresses',
  })
}

/**
 * Engines form swarms over IPv6 (moby/moby#43643); what is sent between their hosts is followed over IPv4 alone.
 * @throws InputError `UNDERLAY_IS_IPV6` for the first host whose swarm advertises an address of IPv6
 */
export function refuseIPv6(hosts: readonly KnownHost[]): void {
  for (const host of hosts) {
    const { state, nodeAddress } = host.facts.swarm
    if (state === 'active' && isIPv6(nodeAddress)) throw ofIPv6(host, nodeAddress, 'advertised')
  }
}

function ofIPv6({ inventory, facts }: KnownHost, address: string, what: string): InputError {
  return new InputError({
    code: 'UNDERLAY_IS_IPV6',
    what: `the ${what} address is of IPv6, and packets between hosts are followed over IPv4 only`,
    host: inventory.name,
    expected: 'an address of IPv4',
    observed: address,
    hint:
      facts.swarm.state === 'active'
        ? 'such a swarm cannot be verified yet; a swarm is over IPv4 where its nodes joined with --advertise-addr and an address of IPv4'
        : 'give an address of IPv4 that the host has',
  })
}

function addressesOf({ interfaces }: HostFacts): OwnAddress[] {
  return interfaces.flatMap(({ name, mtuBytes, addresses }) =>
    addresses.map(({ address, prefixLength }) => ({ address, prefixLength, interface: name, mtuBytes })),
  )
}

/** Addresses other hosts may reach. What several hosts have, such as a hypervisor's own network, joins none of them. */
function candidates(host: KnownHost, all: readonly KnownHost[]): OwnAddress[] {
  const isInner = ({ name, up }: InterfaceFacts): boolean => inner.test(name) || !up
  const { interfaces } = host.facts
  return addressesOf({ ...host.facts, interfaces: interfaces.filter((one) => !isInner(one)) }).filter(
    ({ address, prefixLength }) =>
      prefixLength < 32 &&
      ipaddr.IPv4.parse(address).range() !== 'linkLocal' &&
      !all.some((other) => other !== host && addressesOf(other.facts).some((one) => one.address === address)),
  )
}

/** By network, those networks in which every host has an address. */
function sharedAddresses(
  hosts: readonly KnownHost[],
): ReadonlyMap<string, ReadonlyMap<KnownHost, OwnAddress>> {
  const networks = new Map<string, Map<KnownHost, OwnAddress>>()
  for (const host of hosts) {
    for (const one of candidates(host, hosts)) {
      const network = ownNetworkOf(one)
      const members = networks.get(network) ?? new Map<KnownHost, OwnAddress>()
      if (!members.has(host)) networks.set(network, members.set(host, one))
    }
  }
  return new Map([...networks].filter(([, members]) => members.size === hosts.length))
}

function guessed(
  host: KnownHost,
  all: readonly KnownHost[],
  shared: ReadonlyMap<string, ReadonlyMap<KnownHost, OwnAddress>> | undefined,
): OwnAddress {
  const [only, ...more] = [...(shared?.values() ?? [])]
  const one = more.length === 0 ? only?.get(host) : undefined
  if (one !== undefined) return one
  const own = candidates(host, all)
  // Networks that are routed to each other: each host has one address it can mean.
  if (only === undefined && own.length === 1 && own[0] !== undefined) return own[0]
  const networks = [...(shared?.keys() ?? [])].join(' and ')
  throw new InputError({
    code: 'ADDRESS_AMBIGUOUS',
    what: 'it is unclear which address a swarm of these hosts should advertise',
    host: host.inventory.name,
    expected: 'one network in which all hosts have an address',
    observed: only === undefined ? `none; ${listed(host.facts)}` : `${shared?.size ?? 0}: ${networks}`,
    hint: 'say it in an inventory: advertise: ADDRESS for each host, and data_path: ADDRESS where that is another',
  })
}

export function ownNetworkOf({
  address,
  prefixLength,
}: Pick<OwnAddress, 'address' | 'prefixLength'>): string {
  return `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/${prefixLength}`).toString()}/${prefixLength}`
}

function listed(facts: HostFacts): string {
  const all = addressesOf(facts).filter(({ interface: name }) => name !== 'lo')
  return (
    all.map((one) => `${one.interface} ${one.address}/${one.prefixLength}`).join(', ') || 'no IPv4 address'
  )
}
