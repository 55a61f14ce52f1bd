import ipaddr from 'ipaddr.js'
import { isDefaultLike } from '../topology/default-like.ts'
import type { KnownHost } from './known-host.ts'

/** Swarm gives ingress this one, and takes others from the pool, unless told otherwise. */
const usualIngress = '10.0.0.0/24'

/** Devices that engines make; a route to them is the network itself. */
const ofEngine = /^(docker0|docker_gwbridge|br-[0-9a-f]{12}|veth.*)$/

/** Networks of a host's engine that overlap what the host reaches otherwise, each as a sentence. */
export function overlapsOf({ facts }: KnownHost): readonly string[] {
  const routes = facts.routes.filter(
    ({ destination, device }) => !isDefaultLike(destination) && !ofEngine.test(device),
  )
  const own = facts.networks.flatMap(({ name, subnets }) =>
    subnets.map((subnet) => ({ name: `network ${name}`, subnet })),
  )
  const future =
    facts.swarm.state === 'active'
      ? []
      : [{ name: 'the ingress network a new swarm makes', subnet: usualIngress }]
  return [...own, ...future].flatMap(({ name, subnet }) =>
    routes
      .filter(({ destination }) => doOverlap(subnet, destination))
      .map(
        ({ destination, device }) => `${name} (${subnet}) overlaps ${destination}, which ${device} leads to`,
      ),
  )
}

export interface Twin {
  readonly host: string
  /** One machine, or one node for a swarm; otherwise two machines that may get in each other's way. */
  readonly isOne: boolean
  readonly what: string
}

/** Machines that are there twice, or may be; each with the first it is a twin of. */
export function twins(hosts: readonly KnownHost[]): readonly Twin[] {
  return hosts.flatMap((host, index) =>
    hosts
      .slice(0, index)
      .flatMap((other): Twin[] => {
        const [name, otherName] = [host.inventory.name, other.inventory.name]
        const sameId = host.facts.machineId !== '' && host.facts.machineId === other.facts.machineId
        const sameNode =
          host.facts.swarm.nodeId !== '' && host.facts.swarm.nodeId === other.facts.swarm.nodeId
        const isOne = isOneMachine(host, other)
        if (sameNode && !isOne) {
          const what = `is a clone of ${otherName} with the certificate of its node: the swarm takes them for one, and loses now one and now the other`
          return [{ host: name, isOne: true, what }]
        }
        if (isOne) return [{ host: name, isOne, what: `is the same machine as ${otherName}` }]
        const what = `has the machine-id of ${otherName}, as clones do: DHCP may give both one address`
        return sameId ? [{ host: name, isOne, what }] : []
      })
      .slice(0, 1),
  )
}

/**
 * Whether two names lead to one machine. Machines that were cloned share ids, and still are two if they have different
 * addresses, or were started apart: an id of the boot is made by the kernel, and only containers of one machine share it.
 */
export function isOneMachine(one: KnownHost, other: KnownHost): boolean {
  const [a, b] = [one.facts, other.facts]
  if (a.bootId !== '' && b.bootId !== '' && a.bootId !== b.bootId) return false
  const sameNode = a.swarm.nodeId !== '' && a.swarm.nodeId === b.swarm.nodeId
  const sameId = a.machineId !== '' && a.machineId === b.machineId
  return sameNode || (sameId && addressesOf(one) === addressesOf(other))
}

function addressesOf({ facts }: KnownHost): string {
  return facts.interfaces
    .flatMap(({ addresses }) => addresses.map(({ address }) => address))
    .sort()
    .join()
}

export function doOverlap(a: string, b: string): boolean {
  const [first, second] = [parsed(a), parsed(b)]
  if (first === undefined || second === undefined) return false
  const length = Math.min(first[1], second[1])
  return first[0].match(second[0], length)
}

function parsed(text: string): [ipaddr.IPv4, number] | undefined {
  const whole = text.includes('/') ? text : `${text}/32`
  return ipaddr.IPv4.isValidCIDR(whole) ? ipaddr.IPv4.parseCIDR(whole) : undefined
}
