import type { Remote } from '../remote/remote.ts'
import type { HostFacts } from '../discovery/host-facts.ts'
import type { PreflightAgent } from './agent.ts'
import type { Sightings } from './sightings.ts'

/** A host between which is measured, with the addresses its swarm uses or is to use. */
export interface MeasuredHost {
  readonly name: string
  readonly remote: Remote
  readonly isManager: boolean
  readonly advertise: string
  readonly dataPath: string
  /** MTU of the interface that has the data-path address. */
  readonly mtuBytes: number
  readonly firewall: HostFacts['firewall']
}

/** What measurements share. */
export interface Bench {
  readonly hosts: readonly MeasuredHost[]
  readonly agents: ReadonlyMap<string, PreflightAgent>
  readonly sightings: Sightings
  readonly dataPathPort: number
  readonly settleMs: number
  readonly signal: AbortSignal
  /** Numbers of shots, each used once. */
  readonly nextId: () => number
}

/** Ports a swarm needs between its nodes, besides that of its data path. */
export const managementPort = 2377
export const gossipPort = 7946

/** Every ordered pair. */
export function pairsOf(
  hosts: readonly MeasuredHost[],
): { readonly from: MeasuredHost; readonly to: MeasuredHost }[] {
  return hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to) => ({ from, to })))
}
