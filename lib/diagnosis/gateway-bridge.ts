import type { HostState } from '../observe/host-state.ts'
import { contains } from '../topology/cidr.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'

/** Subnets of docker_gwbridge on a node, as CIDR blocks; IPv4 alone. */
export function gatewaySubnets({ root }: HostState): string[] {
  const bridge = root.links.find(({ name }) => name === gatewayBridgeName)
  return (bridge?.addresses ?? [])
    .filter(({ family }) => family === 'inet')
    .map(({ address, prefixLength }) => `${address}/${prefixLength}`)
}

export function isBehindGateway(state: HostState, address: string): boolean {
  return gatewaySubnets(state).some((subnet) => contains(subnet, address))
}

/** The address that a task of the node has behind the bridge, whichever; undefined where it has none. */
export function addressBehindGateway(state: HostState): string | undefined {
  return Object.values(state.namespaces)
    .flatMap(({ links }) => links.flatMap(({ addresses }) => addresses))
    .find(({ address, family }) => family === 'inet' && isBehindGateway(state, address))?.address
}
