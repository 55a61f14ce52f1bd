import type { Cluster } from '../../../lib/swarm/cluster.ts'
import { freeSubnet } from '../../../lib/swarm/footprint.ts'
import { readOccupiedSubnets } from '../../../lib/swarm/read-occupied.ts'

/** A subnet that is in the way of nothing on any node, in the preferred range if that has one. */
export async function freeSubnetFor(
  { nodes }: Cluster,
  prefixLength: number,
  preferred?: string,
): Promise<string> {
  return freeSubnet(await readOccupiedSubnets(nodes.map(({ host }) => host.remote)), prefixLength, {
    preferred,
  })
}
