import { join } from 'node:path'
import { firstLineOf } from '../error.ts'
import { step } from '../progress.ts'
import type { ReadyLab } from './bring-up.ts'
import { callTime } from './call-time.ts'
import { drops } from './drops-scene.ts'
import { enginesAfter } from './engines-scene.ts'
import { describeForecast, forecast, type Known } from './forecast.ts'
import { kernel, kernelAfter } from './kernel-scene.ts'
import { LabVerification, type LabVerificationOptions } from './lab-verification.ts'
import { runWithMocha } from './mocha-bridge.ts'
import { describeLab } from './new-record.ts'
import { type OverlapBounds, overlapBounds } from './overlap-bounds.ts'
import type { PlannedLab } from './plan.ts'
import { isBroken, type RequirementRecord, type RunRecord } from './run-record.ts'
import type { SharedContext } from './shared-context.ts'
import { swarmObjects } from './swarm-objects-scene.ts'
import type { ConformanceTest } from './test.ts'
import { wavesOf } from './verification-waves.ts'
import type { Verification } from './verify.ts'
import { VerifyingAhead } from './verifying-ahead.ts'

export interface VerifyLabOptions extends LabVerificationOptions {
  readonly bail: boolean
  /** Verifies one after another what may overlap. */
  readonly serial?: boolean
  /** Requirements that create services at a time, where that was asked for. */
  readonly atOnce?: number
  /** Called in the order of the plan, also where verdicts fall in another. */
  readonly onVerdict: (requirement: RequirementRecord) => void
  /** The lab is to stand when the run has ended. */
  readonly keep: boolean
  /** The owner of a lab that was given sees for itself whether the last disruptive test changed it. */
  readonly callerRestoresLab?: boolean
  /** What is expected of verifying is said before it begins. */
  readonly known?: Known
  /** For tests. */
  readonly abandonedMs?: number
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
  const { store, signal } = options
  describeLab(given, options.labRecord)
  store.save()
  const lab = new LabVerification(planned, given, options)
  const { pairs } = lab.shared.facts
  if (pairs !== undefined) options.labRecord.pairs = { seed: pairs.seed, taken: pairs.taken, of: pairs.of }
  const objects = lab.shared
    .scene(swarmObjects)
    .catch((error: unknown) => store.log.info({ objects: firstLineOf(error) }))
  await lab.shared.scene(kernel).catch((error: unknown) => store.log.info({ kernel: firstLineOf(error) }))
  const bounds = boundsOf(planned, given, options)
  const order = wavesOf(planned, bounds)
  await foretell(order, bounds, lab, options)
  const startedAt = performance.now()
  await step(options.progress, 'Verifying', undefined, (current) =>
    verifyAll(
      planned,
      { order, bounds, lab, objects },
      { ...options, update: (detail) => current.update(detail) },
    ),
  )
  if (!signal.aborted) await objects
  const ended =
    !signal.aborted && !lab.halted.aborted && [...lab.records.values()].every(({ verdict }) => verdict)
  if (ended) options.labRecord.verified = { probes: lab.sent, seconds: secondsSince(startedAt) }
  const own = options.raiseAgain !== undefined
  // A lab that stays must not keep what tests created.
  if (!own) await untilRemoved(lab, options)
  // Whatever became of the run, no kernel goes on counting.
  await lab.shared.scene(drops).catch((error: unknown) => store.log.info({ drops: firstLineOf(error) }))
  lab.halted.throwIfAborted()
  const broken = [...lab.records.values()].some(isBroken)
  if (!signal.aborted && broken) await lookAfterwards(lab.shared, options)
  if (signal.aborted) return
  // Nobody looks at a lab that is removed; its owner is told, and one that is kept is kept as it was.
  if (own ? options.keep : options.callerRestoresLab !== true) await lab.session.restore()
  if (own && broken) await lab.collect('')
}

type Waves = readonly (readonly ConformanceTest[])[]

function boundsOf(
  { topology }: PlannedLab,
  { lab: { hosts } }: ReadyLab,
  { serial, atOnce }: VerifyLabOptions,
): OverlapBounds {
  const owned = hosts.every(({ origin }) => origin.owned)
  const sharesKernel = hosts.some(({ origin }) => origin.sharesKernel)
  return overlapBounds(topology.nodes, { owned, sharesKernel, atOnce, serial })
}

/** Says what will be sent and how long it may take, and keeps it. */
async function foretell(
  order: Waves,
  bounds: OverlapBounds,
  lab: LabVerification,
  { known, labRecord, progress, record, store }: VerifyLabOptions,
): Promise<void> {
  if (known === undefined) return
  const waves = order.map((wave) => wave.filter((test) => !lab.skips(test)))
  const on = lab.sendingLab()
  const earlier = async (): Promise<readonly RunRecord[]> =>
    (await known.earlier()).filter(({ runId }) => runId !== record.runId)
  const hosts = lab.session.raised.cluster.nodes.map(({ host }) => host)
  labRecord.expected = await forecast({
    ...{ waves, bounds, lab: on, kind: labRecord, known: { ...known, earlier } },
    sharesKernel: hosts.some(({ origin }) => origin.sharesKernel),
    callMs: await callTime(hosts),
  })
  store.save()
  progress.note(describeForecast(labRecord.expected, waves.flat().length, on.facts.pairs))
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 1000)
}

interface Begun {
  readonly order: Waves
  readonly bounds: OverlapBounds
  readonly lab: LabVerification
  /** Objects of the swarm are being read: nothing that changes them begins before. */
  readonly objects: Promise<unknown>
}

/** In the order of the plan for whoever follows; what may overlap is verified ahead of that. */
async function verifyAll(
  { name, suites }: PlannedLab,
  { order, bounds, lab, objects }: Begun,
  options: VerifyLabOptions & { readonly update: (detail: string) => void },
): Promise<void> {
  const { store, bail, onVerdict, update, progress } = options
  const signal = AbortSignal.any([options.signal, lab.halted])
  const tests = suites.flatMap((suite) => suite.tests)
  const untold = new Set(tests.map(({ id }) => id))
  const tell = (id: string): void => {
    const requirement = lab.records.get(id)
    if (requirement?.verdict !== undefined && untold.delete(id)) onVerdict(requirement)
  }
  const onUnderWay = (underWay: readonly ConformanceTest[]): void => {
    const verified = tests.filter(({ id }) => lab.records.get(id)?.verdict !== undefined).length
    const ids = underWay.map(({ id }) => id).join(', ')
    update(`${ids === '' ? '' : `${ids}; `}${verified} of ${tests.length} done`)
    if (!late && secondsSince(startedAt) > most && verified < tests.length) {
      late = true
      progress.note(`Verifying takes longer than expected: ${verified} of ${tests.length} done`)
    }
  }
  const startedAt = performance.now()
  const { most = Infinity } = options.labRecord.expected ?? {}
  let late = false
  const ahead = new VerifyingAhead<Verification>({
    waves: order,
    bounds,
    pace: lab.pace,
    onUnderWay,
    async verify(test) {
      if (test.changes.length > 0) await objects
      const verification = await lab.verify(test)
      const requirement = lab.records.get(test.id)
      if (bail && requirement !== undefined && isBroken(requirement)) ahead.stop()
      return verification
    },
  })
  const stop = (): void => ahead.stop()
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop)
  await runWithMocha(suites, {
    ...{ lab: name, bail, signal },
    allureResults: join(store.folder, 'allure-results'),
    onUnwritten: (error) => store.cannotWrite('allure-results', error),
    async verify(test) {
      const verification = await ahead.of(test)
      tell(test.id)
      return verification
    },
  })
  ahead.stop()
  await ahead.ended()
  signal.removeEventListener('abort', stop)
  // What was verified ahead of an end before its turn.
  for (const { id } of tests) tell(id)
}

/** Waits for what goes on beyond its time limit or an interruption, for it removes what it created. */
async function untilRemoved(
  lab: LabVerification,
  { progress, abandonedMs = 30_000 }: VerifyLabOptions,
): Promise<void> {
  if (await lab.unfinished.ended(0)) return
  await step(progress, 'Removing what tests created', undefined, async (current) => {
    if (!(await lab.unfinished.ended(abandonedMs))) current.update('it may not be gone yet')
  })
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
