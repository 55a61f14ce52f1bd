import type { HostState } from '../observe/host-state.ts'
import { choosesAtRandom } from '../observe/random-balancer.ts'
import type { Missing } from '../observation/judgement.ts'
import type { Cluster } from '../swarm/cluster.ts'
import { isBalancer } from '../swarm/namespaces.ts'
import type { Feature } from './test.ts'

/** Features the lab lacks, each with what is missing for it. */
export function missingFeatures(
  cluster: Pick<Cluster, 'nodes'>,
  states: ReadonlyMap<string, HostState>,
): ReadonlyMap<Feature, Missing> {
  const missing = new Map<Feature, Missing>()
  if (cluster.nodes.length < 2)
    missing.set('two-nodes', { what: 'a second node in the swarm', of: 'topology', nodes: [] })
  const ipvs = hostsWithout(states, 'ip_vs', balancesWithoutIpvs)
  if (ipvs.length > 0) missing.set('ipvs', kernelModule('ip_vs', ipvs))
  const esp = hostsWithout(states, 'esp4')
  if (esp.length > 0) {
    missing.set('esp', kernelModule('esp4', esp))
    missing.set('encrypted-overlay', kernelModule('esp4', esp))
  }
  return missing
}

function kernelModule(name: string, nodes: readonly string[]): Missing {
  return { what: name, of: 'swarm', nodes }
}

function hostsWithout(
  states: ReadonlyMap<string, HostState>,
  module: string,
  doesWithout: (state: HostState) => boolean = () => false,
): string[] {
  return [...states.values()]
    .filter((state) => state.kernelModules[module] === false && !doesWithout(state))
    .map((state) => state.host)
}

/** Whether a host balances by rules of nftables, so that it needs no IPVS. */
export function balancesWithoutIpvs({ namespaces }: Pick<HostState, 'namespaces'>): boolean {
  return Object.entries(namespaces).some(([name, state]) => isBalancer(name) && choosesAtRandom(state))
}
