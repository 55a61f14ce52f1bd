import { prefixLengthOf } from './cidr.ts'
import type { StackSpec, SwarmSpec } from './topology.ts'
import type { YamlCursor } from './yaml-cursor.ts'

/** The most nodes of a lab: with their bridge they fit the last 256 addresses of any underlay. */
export const mostNodes = 200

/** What engines and the stack give to networks that name no subnet. */
export const usualPrefixLength = 24

/** `web`, `rr` and the balancer of each node; virtual IPs, the gateway and tasks of trials come once. */
const [perNode, besides] = [3, 8]

/** Addresses that an overlay needs among so many nodes. */
function addressesNeeded(nodes: number): number {
  return perNode * nodes + besides
}

function roomOf(prefixLength: number): number {
  return 2 ** (32 - prefixLength) - 2
}

/** The longest prefix, at most the usual one, that has room for an overlay among so many nodes. */
export function prefixFor(nodes: number): number {
  return Math.min(usualPrefixLength, 32 - Math.ceil(Math.log2(addressesNeeded(nodes) + 2)))
}

/** Complains of every network that has no room for so many nodes, where it is written; at `fallback` where it is not. */
export function checkRooms(
  { swarm, stack }: { readonly swarm: SwarmSpec; readonly stack: StackSpec },
  nodes: number,
  {
    root,
    fallback,
  }: { readonly root: ReadonlyMap<string, YamlCursor>; readonly fallback?: YamlCursor | undefined },
): void {
  const needed = addressesNeeded(nodes)
  const prefixOf = (subnet: string | undefined): number | undefined =>
    subnet === undefined || subnet === '' ? undefined : prefixLengthOf(subnet)
  const networks = [
    ['stack', 'stack.clear', prefixOf(stack.clear.subnet)],
    ['stack', 'stack.secret', prefixOf(stack.secret.subnet)],
    ['swarm', 'swarm.ingress', prefixOf(swarm.ingress?.subnet)],
    ['swarm', 'swarm.addressPools', swarm.addressPools?.maskLength],
  ] as const
  for (const [key, name, given] of networks) {
    const prefixLength = given ?? usualPrefixLength
    if (roomOf(prefixLength) >= needed) continue
    const at = root.get(key) ?? fallback
    at?.complain(
      `${nodes} nodes need ${needed} addresses in each network, and ${name} has ${roomOf(prefixLength)} in its /${prefixLength}; give it a /${prefixFor(nodes)}`,
    )
  }
}
