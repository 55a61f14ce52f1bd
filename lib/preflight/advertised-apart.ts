import type { KnownHost } from '../discovery/known-host.ts'
import { otherKindsOfAddress } from '../topology/advertised.ts'
import type { HostFinding } from './host-findings.ts'

/** Nodes that the swarm knows by an address of another network than the rest. */
export function advertisedApart(hosts: readonly KnownHost[]): readonly HostFinding[] {
  const nodes = hosts.flatMap(({ inventory, facts }) => {
    const { state, nodeAddress, isManager } = facts.swarm
    const advertised = state === 'active' ? nodeAddress : (inventory.advertise ?? '')
    if (advertised === '' || advertised === '0.0.0.0') return []
    const held = facts.interfaces.flatMap(({ name, addresses }) =>
      addresses.map((one) => ({ ...one, interface: name })),
    )
    return [{ name: inventory.name, isManager, advertised, held }]
  })
  return otherKindsOfAddress(nodes).map(
    ({ node, advertised, interface: name, network, others, instead }): HostFinding => ({
      ...{ host: node, name: 'addresses', status: 'warning' },
      detail: `advertises ${advertised}${name === undefined ? '' : ` (${name})`}, while ${others.join(', ')} advertise addresses of ${network}, where it has ${instead.address} (${instead.interface}): frames between them leave with addresses the other side does not expect`,
      hint: `docker swarm leave on ${node}, then join again with --advertise-addr ${instead.address}`,
    }),
  )
}
