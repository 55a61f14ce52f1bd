import { InterruptedError, OutOfTimeError } from '../error.ts'
import type { HostProvider, Lab } from '../host/host.ts'
import { type PairChoice, randomSeed } from '../observation/pair-sample.ts'
import { type Progress, step } from '../progress.ts'
import type { Leftover } from '../swarm/leftovers.ts'
import type { Topology } from '../topology/topology.ts'
import { callsOfHosts } from './calls-of-hosts.ts'
import type { BuildObservations } from './context.ts'
import { failureOf } from './failure.ts'
import type { Known } from './forecast.ts'
import { writeKeptNotes } from './kept-notes.ts'
import { type Begun, newRecord } from './new-record.ts'
import type { PlannedLab } from './plan.ts'
import { type ReadyLab, bringUp } from './bring-up.ts'
import { recordingProgress } from './recording-progress.ts'
import { isBroken, type LabRecord, type RequirementRecord, type RunRecord } from './run-record.ts'
import { RunStore } from './run-store.ts'
import type { Suite } from './suite.ts'
import { verifyLab } from './verify-lab.ts'

export interface RunOptions {
  /** Where labs come from. */
  readonly provider: HostProvider
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly fresh: boolean
  /** Leave the last lab standing at the end. */
  readonly keep: boolean
  /** Longest time one requirement may take. */
  readonly timeoutMs: number
  readonly bail: boolean
  /** Ids of tests that may disrupt or reconfigure hosts swarmproof did not make. */
  readonly disruptive?: readonly string[]
  /** Of bursts, in datagrams a second on each way. */
  readonly load?: number
  /** The seed of the sample of ordered pairs of nodes, where there are many, or all of them; a seed by chance otherwise. */
  readonly pairs?: PairChoice
  readonly reportDir: string
  /** The command that does it again. */
  readonly reproduce: string
  readonly version: string
  readonly onVerdict: (requirement: RequirementRecord) => void
  /** Verifies one after another what may overlap. */
  readonly serial?: boolean
  /** Requirements that create services at a time, where that was asked for. */
  readonly atOnce?: number
  /** What is expected of verifying is said before it begins. */
  readonly known?: Known
  /** Whoever gave the lab sees for itself whether a disruptive test changed it. */
  readonly callerRestoresLab?: boolean
}

/** What surrounds the verifying of labs that were given. */
interface Around {
  /** Where what was created for the run bears its id already; a new one otherwise. */
  readonly runId?: string
  /** What was done before. */
  readonly begun?: Begun
  /** Takes down what the run created there, and returns what is left: the run ends when it has. */
  readonly closing?: () => Promise<readonly Leftover[]>
}

export interface OneLabOptions extends RunOptions, Around {
  readonly topology: Topology
  /** What to verify, already selected. */
  readonly suites: readonly Suite[]
  /** A lab that stands already and is its owner's: it is verified as it is now, and left as it is. */
  readonly raised?: ReadyLab
}

export interface FinishedRun {
  readonly record: RunRecord
  readonly store: RunStore
  /** The lab, if it was kept. */
  readonly labId?: string
}

/** Brings up a lab, verifies it and takes it down. Never throws for what happened on the way: the record tells. */
export function conformanceRun(options: OneLabOptions): Promise<FinishedRun> {
  const { topology, suites, raised } = options
  return runLabs([{ name: topology.name, topology, suites }], options, raised)
}

/**
 * Verifies the labs of a plan one after another, each brought up when the one before is gone. A lab that cannot come
 * up leaves its requirements unreached, and the run goes on with the next. Never throws for what happened on the way.
 */
export function planRun(plan: readonly PlannedLab[], options: RunOptions & Around): Promise<FinishedRun> {
  return runLabs(plan, options, undefined)
}

async function runLabs(
  plan: readonly PlannedLab[],
  options: RunOptions & Around,
  raised: ReadyLab | undefined,
): Promise<FinishedRun> {
  const record = newRecord({ ...options, labs: plan })
  const { pairs = randomSeed() } = options
  const store = new RunStore(options.reportDir, record, (text) => options.progress.note(text))
  for (const step of record.steps) store.log.info(step)
  let labId: string | undefined
  for (const [index, planned] of plan.entries()) {
    if (options.signal.aborted || (options.bail && record.requirements.some(isBroken))) break
    const keep = options.keep && index === plan.length - 1
    labId = await runLab(planned, index, record, store, { ...options, keep, pairs }, raised)
  }
  const state = await stateAtEnd(record, store, plan, options.signal)
  // A run that is killed while it removes what it created has not ended.
  if (options.closing !== undefined) await close(options.closing, record, store, raised)
  record.state = state
  record.endedAt = new Date().toISOString()
  store.save()
  return { record, store, ...(labId === undefined ? {} : { labId }) }
}

async function close(
  closing: () => Promise<readonly Leftover[]>,
  record: RunRecord,
  store: RunStore,
  raised: ReadyLab | undefined,
): Promise<void> {
  const before = record.steps.length
  const left = await closing()
  for (const step of record.steps.slice(before)) store.log.info(step)
  if (left.length > 0) record.leftovers = [...(record.leftovers ?? []), ...left]
  for (const lab of record.labs) lab.calls = callsOfHosts(raised?.lab.hosts ?? [], lab.calls)
}

/** An error that aborted the run, instead of a person or a deadline, is one of its failures. */
async function stateAtEnd(
  record: RunRecord,
  store: RunStore,
  plan: readonly PlannedLab[],
  { aborted, reason }: AbortSignal,
): Promise<RunRecord['state']> {
  if (aborted && (reason instanceof InterruptedError || isPlainAbort(reason))) return 'interrupted'
  if (aborted && !(reason instanceof OutOfTimeError)) {
    const name =
      plan[
        Math.max(
          0,
          record.labs.findLastIndex(({ startedAt }) => startedAt !== undefined),
        )
      ]?.name
    record.failures.push(await failureOf(reason, record, name ?? '', undefined))
    store.log.error({ lab: name, stack: stackOf(reason) })
  }
  if (record.failures.length > 0) return 'harness-failed'
  return aborted && record.requirements.some(({ verdict }) => verdict === undefined)
    ? 'out-of-time'
    : 'finished'
}

/** As `AbortController.abort()` gives without a reason. */
function isPlainAbort(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'AbortError'
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Returns the id of the lab if it was kept. The lab is left in every case. */
async function runLab(
  planned: PlannedLab,
  index: number,
  record: RunRecord,
  store: RunStore,
  options: RunOptions & { readonly pairs: PairChoice },
  given: ReadyLab | undefined,
): Promise<string | undefined> {
  const labRecord = record.labs[index] as LabRecord
  const progress = recordingProgress(options.progress, record, planned.name, store.log)
  const startedAt = new Date()
  labRecord.startedAt = startedAt.toISOString()
  let lab: Lab | undefined
  const hosts = [...(given?.lab.hosts ?? [])]
  let built: BuildObservations | undefined
  let kept: boolean
  try {
    const start = (fresh: boolean): Promise<ReadyLab> =>
      bringUp(planned.topology, {
        ...options,
        fresh,
        progress,
        runId: record.runId,
        onLab: (it) => {
          lab = it
          hosts.push(...it.hosts)
        },
      })
    const raised = given ?? (await start(options.fresh))
    built = raised.built
    await verifyLab(planned, raised, {
      ...options,
      progress,
      record,
      labRecord,
      store,
      // Several labs may have hosts of the same names and verify the same requirements.
      folder: record.labs.length > 1 ? planned.name : '',
      ...(given === undefined ? { raiseAgain: () => start(false) } : {}),
    })
    options.signal.throwIfAborted()
  } catch (error) {
    if (!options.signal.aborted) record.failures.push(await failureOf(error, record, planned.name, lab))
    store.log.error({ lab: planned.name, stack: stackOf(error) })
  } finally {
    kept = options.keep && lab !== undefined && !options.signal.aborted
    if (lab !== undefined) await leave(lab, kept, progress, record, store)
    if (kept && lab !== undefined && built !== undefined) writeKeptNotes(lab.id, built)
    labRecord.durationMs = Date.now() - startedAt.getTime()
    labRecord.calls = callsOfHosts(hosts)
    store.save()
  }
  return kept ? lab?.id : undefined
}

async function leave(
  lab: Lab,
  keep: boolean,
  progress: Progress,
  record: RunRecord,
  store: RunStore,
): Promise<void> {
  try {
    if (keep) await lab.keep()
    // Of a lab that was kept, this closes the connections only.
    const what = keep ? 'Leaving the lab' : 'Removing the lab'
    await step(progress, what, undefined, async () => lab[Symbol.asyncDispose]())
  } catch (error) {
    store.log.error({ disposal: stackOf(error) })
    const what = `parts of the lab ${lab.id}: ${error instanceof Error ? error.message : String(error)}`
    const remove = 'swarmproof clean'
    record.leftovers = [...(record.leftovers ?? []), { host: 'this machine', what, remove }]
    progress.note('The lab could not be removed whole; `swarmproof clean` removes what is left')
  }
}
