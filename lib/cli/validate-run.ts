import { deployOnExisting, type DeployedOnExisting } from '../conformance/deploy-on-existing.ts'
import type { Known } from '../conformance/forecast.ts'
import type { Begun } from '../conformance/new-record.ts'
import { planLabs } from '../conformance/plan.ts'
import { recordingProgress } from '../conformance/recording-progress.ts'
import { conformanceRun, type FinishedRun, type OneLabOptions } from '../conformance/run.ts'
import type { RequirementRecord } from '../conformance/run-record.ts'
import type { Suite } from '../conformance/suite.ts'
import type { Lab } from '../host/host.ts'
import { existingHostsProvider } from '../host/ssh/existing-hosts.ts'
import type { PairChoice } from '../observation/pair-sample.ts'
import type { Progress } from '../progress.ts'
import { type Leftover, LeftBehindError } from '../swarm/leftovers.ts'
import type { Topology } from '../topology/topology.ts'

export interface ValidateRunOptions {
  readonly runId: string
  /** The command that removes from here what the run could not. */
  readonly cleanCommand: string
  readonly images: { readonly probeImage?: string; readonly toolboxImage?: string }
  readonly init: boolean
  readonly leave: boolean
  readonly suites: readonly Suite[]
  readonly disruptive: readonly string[]
  /** Of bursts, in datagrams a second on each way. */
  readonly load?: number
  /** Of ordered pairs of nodes, where there are many. */
  readonly pairs?: PairChoice
  readonly bail: boolean
  /** Verifies one after another what may overlap. */
  readonly serial: boolean
  /** Requirements that create services at a time, where that was asked for. */
  readonly atOnce?: number
  readonly timeoutMs: number
  readonly known?: Known
  readonly reportDir: string
  readonly reproduce: string
  readonly version: string
  readonly progress: Progress
  /** What was done before, such as connecting. */
  readonly begun: Begun
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
  const { begun } = options
  const progress = recordingProgress(options.progress, begun, topology.name)
  const adopted = await deployOnExisting(topology, lab, {
    ...options,
    progress,
    guard: { cleanCommand: options.cleanCommand, restartsExpected: restartsHosts(options) },
  })
  let removal: Promise<readonly Leftover[]> | undefined
  const closing = (): Promise<readonly Leftover[]> => (removal ??= remove(adopted, progress))
  const verified = await settled(verifyAdopted(topology, adopted, { ...options, closing }))
  if (verified.ok) return verified.value
  const leftovers = await closing()
  throw leftovers.length === 0 ? verified.error : new LeftBehindError(leftovers, verified.error)
}

function verifyAdopted(
  topology: Topology,
  adopted: DeployedOnExisting,
  options: ValidateRunOptions & Pick<OneLabOptions, 'closing'>,
): Promise<FinishedRun> {
  const [planned] = planLabs(options.suites, { named: [topology], shipped: [] })
  return conformanceRun({
    ...options,
    topology,
    suites: planned?.suites ?? [],
    raised: adopted.raised,
    provider: existingHostsProvider,
    fresh: false,
    keep: false,
    // What is seen after a host removed the stack by itself says nothing.
    signal: AbortSignal.any([options.signal, adopted.lost]),
  })
}

type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

function settled<T>(work: Promise<T>): Promise<Settled<T>> {
  return work.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error }),
  )
}

/** What could not be removed; the verdicts stand. */
async function remove(adopted: DeployedOnExisting, progress: Progress): Promise<readonly Leftover[]> {
  try {
    await adopted[Symbol.asyncDispose]()
    return []
  } catch (error) {
    if (!(error instanceof LeftBehindError)) throw error
    progress.note(error.message)
    return error.leftovers
  }
}

/** Whether what is verified restarts hosts on purpose. */
function restartsHosts({ suites, disruptive }: ValidateRunOptions): boolean {
  return suites.some(({ tests }) =>
    tests.some(({ id, restartsHosts }) => restartsHosts === true && disruptive.includes(id)),
  )
}
