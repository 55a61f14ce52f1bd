import { adopt, type Adopted } from '../conformance/adopt.ts'
import { planLabs } from '../conformance/plan.ts'
import { conformanceRun, type FinishedRun } from '../conformance/run.ts'
import type { RequirementRecord } from '../conformance/run-record.ts'
import type { Suite } from '../conformance/suite.ts'
import type { Lab } from '../host/host.ts'
import { notOurs } from '../host/ssh/not-ours.ts'
import type { Progress } from '../progress.ts'
import type { Topology } from '../topology/topology.ts'

export interface ValidateRunOptions {
  readonly runId: string
  readonly images: { readonly probeImage?: string; readonly toolboxImage?: string }
  readonly init: boolean
  readonly leave: boolean
  readonly suites: readonly Suite[]
  readonly disruptive: readonly string[]
  readonly bail: boolean
  readonly timeoutMs: number
  readonly reportDir: string
  readonly reproduce: string
  readonly version: string
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly onVerdict: (requirement: RequirementRecord) => void
}

/**
 * Puts the stack on hosts that are somebody's, verifies it, and removes it again, whatever happens on the way.
 * @throws what kept the stack from coming about; from then on the record tells
 */
export async function validateRun(
  topology: Topology,
  lab: Lab,
  options: ValidateRunOptions,
): Promise<FinishedRun> {
  const { progress, signal } = options
  const adopted = await adopt(topology, lab, options)
  let finished: FinishedRun
  try {
    const [planned] = planLabs(options.suites, { named: [topology], shipped: [] })
    finished = await conformanceRun({
      ...options,
      topology,
      suites: planned?.suites ?? [],
      raised: adopted.raised,
      provider: notOurs,
      fresh: false,
      keep: false,
      // What is seen after a host removed the stack by itself says nothing.
      signal: AbortSignal.any([signal, adopted.lost]),
    })
  } finally {
    await remove(adopted, progress)
  }
  return finished
}

/** What could not be removed is told by name; the verdicts stand. */
async function remove(adopted: Adopted, progress: Progress): Promise<void> {
  try {
    await adopted[Symbol.asyncDispose]()
  } catch (error) {
    progress.note(`Not all of it could be removed: ${error instanceof Error ? error.message : String(error)}`)
  }
}
