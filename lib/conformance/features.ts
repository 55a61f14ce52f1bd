import type { HostState } from '../observe/host-state.ts'
import type { Cluster } from '../swarm/cluster.ts'
import type { Feature } from './test.ts'

/** Features the lab lacks, each with the reason, so that a skip can name it. */
export function missingFeatures(
  cluster: Cluster,
  states: ReadonlyMap<string, HostState>,
): ReadonlyMap<Feature, string> {
  const missing = new Map<Feature, string>()
  if (cluster.nodes.length < 2) missing.set('two-nodes', 'the swarm has a single node')
  const ipvs = hostsWithout(states, 'ip_vs')
  if (ipvs.length > 0) missing.set('ipvs', `the kernel of ${ipvs.join(', ')} has no module ip_vs`)
  const esp = hostsWithout(states, 'esp4')
  if (esp.length > 0) {
    missing.set('esp', `the kernel of ${esp.join(', ')} has no module esp4`)
    missing.set('encrypted-overlay', `the kernel of ${esp.join(', ')} has no module esp4`)
  }
  return missing
}

function hostsWithout(states: ReadonlyMap<string, HostState>, module: string): string[] {
  return [...states.values()]
    .filter((state) => state.kernelModules[module] === false)
    .map((state) => state.host)
}
