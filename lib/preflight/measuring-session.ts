import type { Remote } from '../remote/remote.ts'
import type { HostFacts } from '../discovery/host-facts.ts'
import type { PreflightAgent } from './agent.ts'
import type { Sightings } from './sightings.ts'

/** A host that is measured against the others, with the addresses its swarm uses or is to use. */
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
export interface MeasuringSession {
  readonly hosts: readonly MeasuredHost[]
  readonly agents: ReadonlyMap<string, PreflightAgent>
  readonly sightings: Sightings
  readonly dataPathPort: number
  readonly settleMs: number
  readonly signal: AbortSignal
  /** Numbers of probes, each used once. */
  readonly nextId: () => number
}

/** Every ordered pair. */
export function hostPairs(
  hosts: readonly MeasuredHost[],
): { readonly from: MeasuredHost; readonly to: MeasuredHost }[] {
  return hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to) => ({ from, to })))
}
