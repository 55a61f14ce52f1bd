import type { KnownHost } from '../discovery/known-host.ts'
import type { HostAddresses } from '../discovery/own-addresses.ts'
import type { MeasuredHost } from './bench.ts'

const standardDataPathPort = 4789

/** Known hosts as what is measured between, with the port their swarm has or would have. */
export function measuredHosts(
  known: readonly KnownHost[],
  addresses: ReadonlyMap<KnownHost, HostAddresses>,
): { readonly hosts: readonly MeasuredHost[]; readonly dataPathPort: number } {
  const anyManager = known.some(
    ({ facts, inventory }) => facts.swarm.isManager || inventory.role === 'manager',
  )
  const hosts = known.flatMap((host, index): MeasuredHost[] => {
    const own = addresses.get(host)
    if (own === undefined) return []
    const { facts, inventory, remote } = host
    return [
      {
        name: inventory.name,
        remote,
        isManager: anyManager ? facts.swarm.isManager || inventory.role === 'manager' : index === 0,
        advertise: own.advertise.address,
        dataPath: own.dataPath.address,
        mtuBytes: own.dataPath.mtuBytes,
        firewall: facts.firewall,
      },
    ]
  })
  return {
    hosts,
    dataPathPort: known.flatMap(({ facts }) => facts.swarm.dataPathPort ?? [])[0] ?? standardDataPathPort,
  }
}
