import { join } from 'node:path'
import type { Progress } from '../progress.ts'
import { stackRecipe } from '../swarm/deploy-stack.ts'
import { collectHosts } from './collect-hosts.ts'
import { CollectedEvidence } from './evidence.ts'
import { missingFeatures } from './features.ts'
import { runWithMocha } from './mocha-bridge.ts'
import { describeLab } from './new-record.ts'
import type { PlannedLab } from './plan.ts'
import type { Raised } from './raise.ts'
import type { LabRecord, RequirementRecord, RunRecord } from './run-record.ts'
import type { RunStore } from './run-store.ts'
import { sharedContext } from './shared-context.ts'
import { verify } from './verify.ts'

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
  /** Brings the same lab up again, as it was saved; undefined for a lab that somebody else owns. */
  readonly raiseAgain?: () => Promise<Raised>
}

/** Verifies on one lab what was planned for it, and writes each verdict into the record as it falls. */
export async function verifyLab(
  planned: PlannedLab,
  raised: Raised,
  options: VerifyLabOptions,
): Promise<void> {
  const { record, store } = options
  describeLab(raised, options.labRecord)
  store.save()
  const missing = missingFeatures(raised.cluster, raised.states)
  const captures = join('captures', options.folder)
  const shared = sharedContext(raised, {
    ...options,
    topology: planned.topology,
    captures,
    // A lab that was given may have changed since its states were read.
    statesAreCurrent: options.raiseAgain !== undefined,
  })
  const records = new Map(
    record.requirements.filter(({ lab }) => lab === planned.name).map((entry) => [entry.id, entry]),
  )
  await runWithMocha(planned.suites, {
    lab: planned.name,
    allureResults: join(store.folder, 'allure-results'),
    bail: options.bail,
    signal: options.signal,
    async verify(test) {
      const requirement = records.get(test.id)
      if (requirement === undefined) throw new Error(`${test.id} is not in the record`)
      const evidence = new CollectedEvidence(store.folder, test.id, captures)
      requirement.startedAt = new Date().toISOString()
      const startedAt = performance.now()
      const verification = await verify(test, { ...shared, evidence }, evidence, { ...options, missing })
      requirement.durationMs = Math.round(performance.now() - startedAt)
      requirement.verdict = { ...verification.verdict, evidence: [...verification.verdict.evidence] }
      const { outcome, reason } = requirement.verdict
      store.log.info({ lab: planned.name, id: test.id, outcome, reason })
      store.save()
      options.onVerdict(requirement)
      return verification
    },
  })
  const broken = [...records.values()].some(
    ({ verdict }) => verdict?.outcome === 'fail' || verdict?.outcome === 'inconclusive',
  )
  if (options.raiseAgain !== undefined && broken && !options.signal.aborted) {
    await collectHosts(raised.cluster, join('hosts', options.folder), store, options.progress)
    await raised.lab.dropStanding(stackRecipe(planned.topology))
  }
}
