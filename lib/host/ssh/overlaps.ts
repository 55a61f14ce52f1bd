import ipaddr from 'ipaddr.js'
import type { KnownHost } from './known-host.ts'

/** Swarm gives ingress this one, and takes others from the pool, unless told otherwise. */
const usualIngress = '10.0.0.0/24'

/** Devices that engines make; a route to them is the network itself. */
const ofEngine = /^(docker0|docker_gwbridge|br-[0-9a-f]{12}|veth.*)$/

/** Networks of a host's engine that overlap what the host reaches otherwise, each as a sentence. */
export function overlapsOf({ facts }: KnownHost): readonly string[] {
  const routes = facts.routes.filter(
    ({ destination, device }) => destination !== 'default' && !ofEngine.test(device),
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

export function twins(
  hosts: readonly KnownHost[],
): readonly { readonly host: string; readonly what: string }[] {
  return hosts.flatMap((host, index) =>
    hosts.slice(0, index).flatMap((other) => {
      const same = host.facts.machineId !== '' && host.facts.machineId === other.facts.machineId
      const sameNode = host.facts.swarm.nodeId !== '' && host.facts.swarm.nodeId === other.facts.swarm.nodeId
      // Machines that were cloned share an id, and still are two if their names and addresses differ.
      const isOne = sameNode || (same && host.facts.hostname === other.facts.hostname)
      if (isOne)
        return [{ host: host.inventory.name, what: `is the same machine as ${other.inventory.name}` }]
      return same
        ? [
            {
              host: host.inventory.name,
              isOne,
              what: `has the machine-id of ${other.inventory.name}, as clones do: DHCP may give both one address`,
            },
          ]
        : []
    }),
  )
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
