import { join } from 'node:path'
import type { Progress } from '../progress.ts'
import { collectHosts } from './collect-hosts.ts'
import { CollectedEvidence } from './evidence.ts'
import { missingFeatures } from './features.ts'
import { LabSession } from './lab-session.ts'
import { runWithMocha } from './mocha-bridge.ts'
import { describeLab } from './new-record.ts'
import type { PlannedLab } from './plan.ts'
import type { Raised } from './raise.ts'
import { knownIssueLines } from './known-issues.ts'
import { topologyFeatures } from './topology-features.ts'
import type { LabRecord, RequirementRecord, RunRecord } from './run-record.ts'
import type { RunStore } from './run-store.ts'
import { type SharedContext, sharedContext } from './shared-context.ts'
import { missingLabFeatures } from './topology-features.ts'
import { type Verification, verify } from './verify.ts'
import { type FirstTry, verifySteadily } from './verify-steadily.ts'

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
  /** Ids that may break or shape hosts swarmproof did not make. */
  readonly disruptive?: readonly string[]
  /** The lab is to stand when the run has ended. */
  readonly keep: boolean
  /** The owner of a lab that was given sees for itself whether the last disruptive test changed it. */
  readonly ownerProves?: boolean
  /** Brings the same lab up again, as it was saved; undefined for a lab that somebody else owns. */
  readonly raiseAgain?: () => Promise<Raised>
}

/**
 * Verifies on one lab what was planned for it, and writes each verdict into the record as it falls.
 * @throws when the lab could not be put back after a test that broke it
 */
export async function verifyLab(
  planned: PlannedLab,
  given: Raised,
  options: VerifyLabOptions,
): Promise<void> {
  const { record, store } = options
  const own = options.raiseAgain !== undefined
  describeLab(given, options.labRecord)
  store.save()
  const captures = join('captures', options.folder)
  const contextOf = (raised: Raised): SharedContext =>
    sharedContext(raised, {
      ...options,
      topology: planned.topology,
      captures,
      // A lab that was given may have changed since its states were read.
      statesAreCurrent: own,
    })
  let shared = contextOf(given)
  const session = new LabSession(given, { ...options, onRaised: (raised) => (shared = contextOf(raised)) })
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
      const once = async (firstTry?: FirstTry): Promise<Verification> => {
        const evidence = new CollectedEvidence(store.folder, test.id, captures)
        const verification = await verify(test, { ...shared.asking(test), evidence }, evidence, {
          ...options,
          missing,
        })
        // Only now, for by itself it is no evidence.
        if (firstTry !== undefined) evidence.observe(nameOfTry(firstTry), firstTry)
        return verification
      }
      const putBack = session.putBackAfter(test)
      const observeAnew = (): void => {
        retakesLeft -= 1
        options.progress.note(`What was captured for ${test.id} may lack packets and is captured anew`)
        shared = contextOf(session.raised)
      }
      requirement.startedAt = new Date().toISOString()
      const startedAt = performance.now()
      const verification =
        unsound === undefined
          ? await verifySteadily({
              once,
              lost: () => session.lostUnder(test),
              observeAnew: test.safety === 'lab' || retakesLeft === 0 ? undefined : observeAnew,
              putBack: putBack === undefined ? undefined : lookingFirst(putBack, () => collect(test.id)),
            }).catch(giveUp)
          : unknowable(unsound)
      session.ended(test, verification.begun ? 'inconclusive' : verification.verdict.outcome)
      requirement.durationMs = Math.round(performance.now() - startedAt)
      requirement.verdict = { ...verification.verdict, evidence: [...verification.verdict.evidence] }
      if (requirement.verdict.outcome === 'fail') {
        const known = knownIssueLines(test.knownIssues ?? [], engineVersions(), features)
        requirement.verdict.reason = [requirement.verdict.reason, ...known].join('\n')
      }
      const { outcome, reason } = requirement.verdict
      store.log.info({ lab: planned.name, id: test.id, outcome, reason })
      store.save()
      options.onVerdict(requirement)
      // What a disruptive test broke is gone once the lab is put back.
      if (own && test.safety === 'lab' && isBroken(requirement)) await collect(test.id)
      return verification
    },
  })
  if (failure !== undefined) throw failure
  if (options.signal.aborted) return
  // Nobody looks at a lab that is removed; its owner is told, and one that is kept is kept as it was.
  if (own ? options.keep : options.ownerProves !== true) await session.restore()
  if (own && [...records.values()].some(isBroken)) await collect('')
}

export function isBroken({ verdict }: RequirementRecord): boolean {
  return verdict?.outcome === 'fail' || verdict?.outcome === 'inconclusive'
}

function nameOfTry({ lost }: FirstTry): string {
  return lost.length > 0
    ? 'a first try, in which the lab lost something'
    : 'a first try, with captures that may have missed packets'
}

/** What a lab lost, and why, is gone once it is put back. */
function lookingFirst(
  putBack: (why: string) => Promise<void>,
  collect: () => Promise<void>,
): (why: string) => Promise<void> {
  return async (why) => {
    await collect()
    await putBack(why)
  }
}

function unknowable(reason: string): Verification {
  return { verdict: { outcome: 'inconclusive', reason, evidence: [] }, error: new Error(reason) }
}
