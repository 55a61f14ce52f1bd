import { SwarmproofError } from '../error.ts'
import type { Lab } from '../host/host.ts'
import type { Progress } from '../progress.ts'
import type { Footprint } from '../swarm/footprint.ts'
import type { Topology } from '../topology/topology.ts'
import type { Raised } from './raise.ts'

export interface AdoptOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly runId: string
  /** What its owner was told that it takes. */
  readonly footprint: Footprint
  readonly images: { readonly probeImage?: string; readonly toolboxImage?: string }
  /** Builds the swarm first. */
  readonly init: boolean
  /** Takes the swarm down again that it built. */
  readonly leave: boolean
}

/** Disposing it removes everything it created. */
export interface Adopted extends AsyncDisposable {
  readonly raised: Raised
  readonly creates: readonly string[]
}

/** A placeholder: the stack on hosts that are somebody's. */
export function adopt(_topology: Topology, _lab: Lab, _options: AdoptOptions): Promise<Adopted> {
  return Promise.reject(new SwarmproofError({ code: 'NOT_BUILT', what: 'adopting hosts is not there yet' }))
}
