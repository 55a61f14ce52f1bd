import { SwarmproofError } from '../error.ts'
import type { Lab } from '../host/host.ts'
import type { Progress } from '../progress.ts'
import type { Topology } from '../topology/topology.ts'
import type { Raised } from './raise.ts'

export interface AdoptOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly runId: string
  readonly images: { readonly probeImage?: string; readonly toolboxImage?: string }
  readonly init: boolean
  readonly leave: boolean
}

export interface Adopted extends AsyncDisposable {
  readonly raised: Raised
  readonly lost: AbortSignal
}

/** A placeholder: the stack on hosts that are somebody's. */
export function adopt(topology: Topology, lab: Lab, { runId }: AdoptOptions): Promise<Adopted> {
  const what = `adopting ${lab.hosts.length} hosts of ${topology.name} for ${runId} is not there yet`
  return Promise.reject(new SwarmproofError({ code: 'NOT_BUILT', what }))
}
