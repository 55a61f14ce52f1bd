import { basename, join } from 'node:path'
import { startCaptures } from '../capture/start-captures.ts'
import type { HostProvider, Lab } from '../host/host.ts'
import { agentProbe } from '../probe/agent-probe.ts'
import { type Progress, step } from '../progress.ts'
import { stackRecipe } from '../swarm/deploy-stack.ts'
import { Trial } from '../swarm/trial.ts'
import type { Topology } from '../topology/topology.ts'
import { collectHosts } from './collect-hosts.ts'
import type { TestContext } from './context.ts'
import { CollectedEvidence } from './evidence.ts'
import { failureOf } from './failure.ts'
import { missingFeatures } from './features.ts'
import { runWithMocha } from './mocha-bridge.ts'
import { type Raised, raise, readStates } from './raise.ts'
import { describeLab, newRecord } from './new-record.ts'
import { recordingProgress } from './recording-progress.ts'
import { type RequirementRecord, type RunRecord, summarize } from './run-record.ts'
import { RunStore } from './run-store.ts'
import type { Suite } from './suite.ts'
import { verify } from './verify.ts'

export interface RunOptions {
  readonly topology: Topology
  /** Where the lab comes from. Not asked if `raised` is given. */
  readonly provider: HostProvider
  /** A lab that stands already and is its owner's: it is verified as it is now, and left as it is. */
  readonly raised?: Raised
  /** What to verify, already selected. */
  readonly suites: readonly Suite[]
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly fresh: boolean
  /** Leave the lab standing at the end. */
  readonly keep: boolean
  /** Longest time one requirement may take. */
  readonly timeoutMs: number
  readonly bail: boolean
  readonly reportDir: string
  /** The command that does it again. */
  readonly reproduce: string
  readonly version: string
  readonly onVerdict: (requirement: RequirementRecord) => void
}

export interface FinishedRun {
  readonly record: RunRecord
  readonly store: RunStore
  /** The lab, if it was kept. */
  readonly labId?: string
}

/** Brings up a lab, verifies it and takes it down. Never throws for what happened on the way: the record tells. */
export async function conformanceRun(options: RunOptions): Promise<FinishedRun> {
  const record = newRecord(options)
  const store = new RunStore(options.reportDir, record)
  const progress = recordingProgress(options.progress, record, store.log)
  let lab: Lab | undefined
  let kept: boolean
  try {
    const raised =
      options.raised ??
      (await raise(options.topology, {
        ...options,
        progress,
        runId: record.runId,
        onLab: (it) => (lab = it),
      }))
    await verifyAll(raised, record, store, { ...options, progress })
    options.signal.throwIfAborted()
    record.state = 'finished'
  } catch (error) {
    record.state = options.signal.aborted ? 'interrupted' : 'harness-failed'
    if (!options.signal.aborted) record.failure = await failureOf(error, record, lab)
    store.log.error({ failure: record.failure, stack: error instanceof Error ? error.stack : String(error) })
  } finally {
    kept = options.keep && lab !== undefined && !options.signal.aborted
    if (lab !== undefined) await leave(lab, kept, progress, store)
    record.endedAt = new Date().toISOString()
    store.save()
  }
  return { record, store, ...(kept && lab !== undefined ? { labId: lab.id } : {}) }
}

async function leave(lab: Lab, keep: boolean, progress: Progress, store: RunStore): Promise<void> {
  try {
    if (keep) await lab.keep()
    // Of a lab that was kept, this closes the connections only.
    const what = keep ? 'Leaving the lab' : 'Removing the lab'
    await step(progress, what, undefined, async () => lab[Symbol.asyncDispose]())
  } catch (error) {
    store.log.error({ disposal: error instanceof Error ? error.message : String(error) })
    progress.note('The lab could not be removed whole; `swarmproof clean` removes what is left')
  }
}

async function verifyAll(
  raised: Raised,
  record: RunRecord,
  store: RunStore,
  options: RunOptions,
): Promise<void> {
  describeLab(raised, record)
  store.save()
  const missing = missingFeatures(raised.cluster, raised.states)
  const shared = sharedContext(raised, options, store)
  const records = new Map(record.requirements.map((requirement) => [requirement.id, requirement]))
  await runWithMocha(options.suites, {
    allureResults: join(store.folder, 'allure-results'),
    bail: options.bail,
    signal: options.signal,
    async verify(test) {
      const requirement = records.get(test.id)
      if (requirement === undefined) throw new Error(`${test.id} is not in the record`)
      const evidence = new CollectedEvidence(store.folder, test.id)
      requirement.startedAt = new Date().toISOString()
      const startedAt = performance.now()
      const verification = await verify(test, { ...shared, evidence }, evidence, { ...options, missing })
      requirement.durationMs = Math.round(performance.now() - startedAt)
      requirement.verdict = { ...verification.verdict, evidence: [...verification.verdict.evidence] }
      store.log.info({
        id: test.id,
        outcome: requirement.verdict.outcome,
        reason: requirement.verdict.reason,
      })
      store.save()
      options.onVerdict(requirement)
      return verification
    },
  })
  const counts = summarize({ ...record, state: 'finished' }).counts
  if (options.raised === undefined && counts.fail + counts.inconclusive > 0 && !options.signal.aborted) {
    await collectHosts(raised.cluster, store, options.progress)
    await raised.lab.dropStanding(stackRecipe(options.topology))
  }
}

type SharedContext = Omit<TestContext, 'evidence'>

function sharedContext(raised: Raised, options: RunOptions, store: RunStore): SharedContext {
  const memory = new Map<string, Promise<unknown>>()
  // A lab that was given may have changed since its states were read.
  let states = options.raised === undefined ? Promise.resolve(raised.states) : undefined
  const shared: SharedContext = {
    topology: options.topology,
    cluster: raised.cluster,
    stack: raised.stack,
    built: raised.built,
    outsiders: raised.lab.hosts.filter((host) => host.node.role === 'outsider'),
    trial: (name) =>
      new Trial(raised.cluster, { name, label: basename(store.folder), signal: options.signal }),
    probe: agentProbe(),
    wire: { capture: (points) => startCaptures(points, join(store.folder, 'captures')) },
    signal: options.signal,
    state(which) {
      if (which?.fresh || states === undefined) states = readStates(raised.cluster)
      return states
    },
    once<T>(key: string, work: (context: SharedContext) => Promise<T>): Promise<T> {
      const known = memory.get(key) as Promise<T> | undefined
      if (known !== undefined) return known
      const started = work(shared)
      memory.set(key, started)
      return started
    },
  }
  return shared
}
