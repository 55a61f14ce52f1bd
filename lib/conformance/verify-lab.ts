import { join } from 'node:path'
import { firstLineOf } from '../error.ts'
import { type Progress, step } from '../progress.ts'
import { collectHosts } from './collect-hosts.ts'
import { CollectedEvidence } from './evidence.ts'
import { missingFeatures } from './features.ts'
import { drops, dropsBegun } from './drops-scene.ts'
import { enginesAfter, lossesLogged } from './engines-scene.ts'
import { kernel, kernelAfter } from './kernel-scene.ts'
import { swarmObjects } from './swarm-objects-scene.ts'
import { LabSession } from './lab-session.ts'
import { runWithMocha } from './mocha-bridge.ts'
import { describeLab } from './new-record.ts'
import type { PlannedLab } from './plan.ts'
import type { ReadyLab } from './bring-up.ts'
import { knownIssuesOf } from './known-issues.ts'
import { Observations } from './observations.ts'
import { readAgain } from './bring-up.ts'
import { topologyFeatures } from './topology-features.ts'
import type { LabRecord, RequirementRecord, RunRecord } from './run-record.ts'
import type { RunStore } from './run-store.ts'
import { type SharedContext, sharedContext } from './shared-context.ts'
import { missingLabFeatures } from './topology-features.ts'
import type { Lost } from './verdict.ts'
import { plainVerdict, type Verification, verify } from './verify.ts'
import { verifyWithRetry } from './verify-with-retry.ts'

/** Hosts that lose packets more often are too busy for their captures to be believed. */
const mostRetakes = 3

export interface VerifyLabOptions {
  readonly record: RunRecord
  readonly labRecord: LabRecord
  readonly store: RunStore
  /** Below `captures/` and `hosts/`; empty in a run of one lab. */
  readonly folder: string
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly bail: boolean
  readonly onVerdict: (requirement: RequirementRecord) => void
  /** Ids that may disrupt or reconfigure hosts swarmproof did not make. */
  readonly disruptive?: readonly string[]
  /** Of bursts, in datagrams a second on each way. */
  readonly load?: number
  /** The lab is to stand when the run has ended. */
  readonly keep: boolean
  /** The owner of a lab that was given sees for itself whether the last disruptive test changed it. */
  readonly callerRestoresLab?: boolean
  /** Brings the same lab up again, as it was saved; undefined for a lab that somebody else owns. */
  readonly raiseAgain?: () => Promise<ReadyLab>
}

/**
 * Verifies on one lab what was planned for it, and writes each verdict into the record as it falls.
 * @throws when the lab could not be put back after a test that broke it
 */
export async function verifyLab(
  planned: PlannedLab,
  given: ReadyLab,
  options: VerifyLabOptions,
): Promise<void> {
  const { record, store } = options
  const own = options.raiseAgain !== undefined
  describeLab(given, options.labRecord)
  store.save()
  const captures = join('captures', options.folder)
  const observations = new Observations(store, options.folder)
  const sharesKernel = given.lab.hosts.some(({ origin }) => origin.sharesKernel)
  const contextOf = (raised: ReadyLab): SharedContext =>
    sharedContext(raised, {
      ...options,
      topology: planned.topology,
      captures,
      observations,
      // A lab that was given may have changed since its states were read.
      statesAreCurrent: own,
    })
  let shared = contextOf(given)
  await Promise.all([
    shared.scene(kernel).catch((error: unknown) => store.log.info({ kernel: firstLineOf(error) })),
    shared.scene(swarmObjects).catch((error: unknown) => store.log.info({ objects: firstLineOf(error) })),
  ])
  const session = new LabSession(given, {
    ...options,
    ...(own ? {} : { readAgain: (raised: ReadyLab) => readAgain(raised, options) }),
    onRaised: (raised) => (shared = contextOf(raised)),
  })
  const missing = new Map([
    ...missingFeatures(given.cluster, given.states),
    ...missingLabFeatures(planned.topology),
    ...(given.missing ?? []),
  ])
  const records = new Map(
    record.requirements.filter(({ lab }) => lab === planned.name).map((entry) => [entry.id, entry]),
  )
  const features = topologyFeatures(planned.topology)
  const engineVersions = (): string[] =>
    session.raised.cluster.nodes.map(({ engineVersion }) => engineVersion)
  const collect = (below: string): Promise<void> =>
    collectHosts(session.raised.cluster, join('hosts', options.folder, below), store, options.progress)
  let retakesLeft = mostRetakes
  const halt = new AbortController()
  let failure: Error | undefined
  const giveUp = (error: unknown): never => {
    failure = error instanceof Error ? error : new Error(String(error))
    halt.abort()
    throw error
  }
  await runWithMocha(planned.suites, {
    lab: planned.name,
    allureResults: join(store.folder, 'allure-results'),
    bail: options.bail,
    signal: AbortSignal.any([options.signal, halt.signal]),
    onUnwritten: (error) => store.cannotWrite('allure-results', error),
    async verify(test) {
      const requirement = records.get(test.id)
      if (requirement === undefined) throw new Error(`${test.id} is not in the record`)
      const unsound = await session.ready(test).catch(giveUp)
      await shared.scene(dropsBegun).catch(() => undefined)
      const once = (): Promise<Verification> =>
        verify(test, shared.asking(test), new CollectedEvidence(store.folder, test.id, captures), {
          ...options,
          ...{ missing, sharesKernel, version: record.swarmproofVersion },
        })
      const again = session.readAgainAfter(test)
      const captureAgain = (): void => {
        retakesLeft -= 1
        options.progress.note(`What was captured for ${test.id} may lack packets and is captured again`)
        shared = contextOf(session.raised)
      }
      requirement.startedAt = new Date().toISOString()
      const startedAt = performance.now()
      const { verification, attempts } =
        unsound === undefined
          ? await verifyWithRetry({
              once,
              lost: () => session.lostUnder(test),
              captureAgain: test.safety === 'lab' || retakesLeft === 0 ? undefined : captureAgain,
              readAgain:
                again === undefined
                  ? undefined
                  : lookingFirst(again, async () => {
                      await shared.scene(lossesLogged).catch(() => undefined)
                      if (own) await collect(test.id)
                    }),
            }).catch(giveUp)
          : { verification: unknowable(unsound, shared.generation), attempts: [] }
      session.ended(test, verification.begun ? 'inconclusive' : verification.verdict.outcome)
      requirement.durationMs = Math.round(performance.now() - startedAt)
      requirement.verdict = verification.verdict
      requirement.attempts = [...attempts]
      if (verification.verdict.outcome === 'fail') {
        const known = knownIssuesOf(test.knownIssues ?? [], engineVersions(), features)
        if (known.length > 0) requirement.knownIssues = known
      }
      const { outcome, reason } = requirement.verdict
      store.log.info({ lab: planned.name, id: test.id, outcome, reason })
      if (outcome === 'broken') store.log.error({ id: test.id, stack: verification.error?.stack })
      store.save()
      options.onVerdict(requirement)
      // What a disruptive test broke is gone once the lab is put back.
      if (own && test.safety === 'lab' && isBroken(requirement)) await collect(test.id)
      return verification
    },
  })
  // Whatever became of the run, no kernel goes on counting.
  await shared.scene(drops).catch((error: unknown) => store.log.info({ drops: firstLineOf(error) }))
  if (failure !== undefined) throw failure
  if (!options.signal.aborted && [...records.values()].some(isBroken)) await lookAfterwards(shared, options)
  if (options.signal.aborted) return
  // Nobody looks at a lab that is removed; its owner is told, and one that is kept is kept as it was.
  if (own ? options.keep : options.callerRestoresLab !== true) await session.restore()
  if (own && [...records.values()].some(isBroken)) await collect('')
}

/** For the diagnosis; where it cannot be had, the verdicts stand without. */
async function lookAfterwards(shared: SharedContext, { store, progress }: VerifyLabOptions): Promise<void> {
  const look = async (): Promise<void> => {
    await Promise.all([shared.scene(kernelAfter), shared.scene(enginesAfter)])
  }
  await step(progress, 'Reading counters', undefined, look).catch((error: unknown) =>
    store.log.info({ after: firstLineOf(error) }),
  )
}

/** Does not hold, and decides: what is advisory stops no run. */
export function isBroken({ verdict, advisory }: RequirementRecord): boolean {
  return !advisory && ['fail', 'inconclusive', 'broken'].includes(verdict?.outcome ?? '')
}

/** What a lab lost, and why, is gone once it is put back. */
function lookingFirst(
  again: (lost: readonly Lost[]) => Promise<void>,
  collect: () => Promise<void>,
): (lost: readonly Lost[]) => Promise<void> {
  return async (lost) => {
    await collect()
    await again(lost)
  }
}

function unknowable(reason: string, generation: number): Verification {
  return { verdict: plainVerdict('inconclusive', reason), generation, error: new Error(reason) }
}
