import { InputError } from '../error.ts'
import type { Lab } from '../host/host.ts'
import { discoverNodes } from './discover-nodes.ts'
import { doubtfulEngines, refuseUnfitEngines } from './engine-setup.ts'
import type { Inventory } from './inventory.ts'
import type { KnownHost } from './known-host.ts'
import { twins } from './overlaps.ts'
import { chooseAddresses, type HostAddresses } from './own-addresses.ts'
import { allOrNone, reachHosts, type ReachOptions } from './reach-hosts.ts'
import { sshLab } from '../host/ssh/ssh-lab.ts'
import { toTopology } from './to-topology.ts'

export interface FindLabOptions extends ReachOptions {
  /** The hosts are in no swarm, and one is to be built. */
  readonly init: boolean
  /** Id of the lab. */
  readonly id: string
}

export interface FoundLab {
  readonly lab: Lab
  readonly known: readonly KnownHost[]
  readonly addresses: ReadonlyMap<KnownHost, HostAddresses>
  readonly warnings: readonly string[]
}

/**
 * Connects to hosts and describes them as a lab: a running swarm with all its nodes, or hosts that are in none. Nothing
 * is changed on them. Disposing the lab closes the connections.
 * @throws SwarmproofError that names the hosts in the way, with what to do
 */
export async function findLab(inventory: Inventory, options: FindLabOptions): Promise<FoundLab> {
  const given = allOrNone(await reachHosts(inventory.hosts, options))
  refuseTwins(given)
  const found = options.init ? bare(given) : await discoverNodes(given, options)
  refuseUnfitEngines(found.hosts)
  const described = toTopology(found.hosts)
  return {
    lab: sshLab(options.id, described, found.hosts),
    known: found.hosts,
    addresses: chooseAddresses(found.hosts),
    warnings: [
      ...[...inventory.warnings, ...found.warnings, ...described.warnings],
      ...doubtfulEngines(found.hosts),
    ],
  }
}

function bare(hosts: readonly KnownHost[]): { hosts: readonly KnownHost[]; warnings: readonly string[] } {
  const inSwarm = hosts.filter(({ facts }) => facts.swarm.state !== 'inactive')
  if (inSwarm.length === 0) return { hosts, warnings: [] }
  throw new InputError({
    code: 'ALREADY_IN_SWARM',
    what: `--init is for hosts that are in no swarm; already in one: ${inSwarm.map(({ inventory }) => inventory.name).join(', ')}`,
    hint: 'without --init the swarm that runs is verified as it is',
  })
}

function refuseTwins(hosts: readonly KnownHost[]): void {
  const same = twins(hosts).filter(({ isOne }) => isOne)
  if (same.length === 0) return
  throw new InputError({
    code: 'HOST_TWICE',
    what: same.map(({ host, what }) => `${host} ${what}`).join('; '),
    hint: 'name each machine once',
  })
}
