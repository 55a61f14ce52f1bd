import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { bringUp, type ReadyLab } from '../conformance/bring-up.ts'
import { changesSince } from '../conformance/changes-since.ts'
import { keptLab } from '../conformance/kept-lab.ts'
import { readCondition } from '../conformance/lab-condition.ts'
import { usualTopology } from '../conformance/plan.ts'
import { conformanceRun } from '../conformance/run.ts'
import { selectTests } from '../conformance/selection.ts'
import { defaultTimeLimitMs } from '../conformance/time-limit.ts'
import { InputError, InterruptedError } from '../error.ts'
import type { Fault } from '../fault/fault.ts'
import { sideBySide } from '../fault/side-by-side.ts'
import type { Lab } from '../host/host.ts'
import { existingHostsProvider } from '../host/ssh/existing-hosts.ts'
import { standingLabs } from '../host/standing-labs.ts'
import { makeOwnerFolder, ownerFile } from '../owner-only.ts'
import { version } from '../package-root.ts'
import { redactValue } from '../redact-value.ts'
import { findTopology } from '../topology/find-topology.ts'
import { impairmentsOf } from '../topology/impaired-attachments.ts'
import { readTraces } from '../../suites/lab-traces.ts'
import { suites } from '../../suites/index.ts'
import { askEveryMs, startMeshAndVipClients } from '../../suites/random-faults-clients.ts'
import type { RandomFaultsResult, StepTaken } from '../../suites/random-faults-result.ts'
import { randomFaults } from '../../suites/random-faults.ts'
import { exitCode } from './exit-code.ts'
import { chooseProvider } from './hosts-option.ts'
import type { LiveProgress } from './live-progress.ts'
import { stdout } from './output.ts'
import { type RandomFaultsFlags, reproduceAtRandom, usualSteps } from './random-faults-flags.ts'
import { randomFaultsEnd, stepLine } from './random-faults-lines.ts'
import { style } from './terminal.ts'
import { release, whichLab } from './which-lab.ts'

/** What is stored of a run, and printed by `--json`. */
interface RandomFaultsRecord extends RandomFaultsResult {
  readonly seed: string
  readonly steps: number
  readonly version: string
  readonly lab: string
  readonly topology: string
  /** The sequence follows from seed, steps and these names alone. */
  readonly pool: readonly string[]
  readonly everyMs: number
  readonly startedAt: string
  readonly state: 'running' | 'finished' | 'interrupted'
  readonly reproduce: string
}

const [watchMs, answeredWithinMs] = [4000, 30_000]

/** Plants the sequence of a seed on a lab and says what came of it. */
export async function plantAtRandom(
  chosen: readonly Fault[],
  flags: RandomFaultsFlags,
  progress: LiveProgress,
  signal: AbortSignal,
): Promise<void> {
  const lab = await openLab(flags, progress, signal)
  try {
    const pool = poolFor(chosen, lab.raised)
    const record = await onLab(lab.raised, pool, flags, progress, signal)
    progress.close()
    if (flags.json) stdout.writeJson(record)
    process.exitCode = exitCode({
      interrupted: signal.reason instanceof InterruptedError,
      bindingFailure: record.broken !== undefined,
      broken: false,
      unknown: signal.aborted,
    })
  } finally {
    await lab.close()
  }
}

interface OpenLab {
  readonly raised: ReadyLab
  readonly close: () => Promise<void>
}

async function openLab(
  { labId, lab: named, ...flags }: RandomFaultsFlags,
  progress: LiveProgress,
  signal: AbortSignal,
): Promise<OpenLab> {
  if (labId !== undefined) {
    const lab = await whichLab(standingLabs(), labId === true ? undefined : labId, '--lab-id')
    return { raised: await keptLab(lab, { progress }), close: () => release(lab) }
  }
  if (named !== undefined && named.length > 1)
    throw new InputError({
      code: 'SEVERAL_LABS',
      what: 'a sequence is planted on one lab',
      hint: 'name one by --lab',
    })
  const topology = findTopology(named?.[0] ?? usualTopology)
  const provider = await chooseProvider(flags, progress)
  let coming: Lab | undefined
  const close = async (): Promise<void> => coming?.[Symbol.asyncDispose]()
  const common = { provider, progress, signal, fresh: false, runId: 'faults' }
  try {
    return { raised: await bringUp(topology, { ...common, onLab: (lab) => (coming = lab) }), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Those that can stand beside others; a queueing discipline stands where a lab is impaired already. */
function poolFor(chosen: readonly Fault[], { lab }: ReadyLab): readonly Fault[] {
  const isImpaired = impairmentsOf(lab.topology).length > 0
  const pool = chosen.filter(
    ({ name }) => sideBySide[name] !== undefined && !(isImpaired && name === 'packets-repeated'),
  )
  if (pool.length > 0) return pool
  throw new InputError({
    code: 'NOTHING_SELECTED',
    what: 'none of these faults can stand beside others, so none is planted at random',
    hint: 'name others, or none for all of them',
  })
}

async function onLab(
  raised: ReadyLab,
  pool: readonly Fault[],
  flags: RandomFaultsFlags,
  progress: LiveProgress,
  signal: AbortSignal,
): Promise<RandomFaultsRecord> {
  const { random: seed, steps = usualSteps } = flags
  const startedAt = new Date().toISOString()
  const head = {
    ...{ seed, steps, version: version(), lab: raised.lab.id, topology: raised.lab.topology.name },
    ...{ pool: pool.map(({ name }) => name).toSorted(), everyMs: askEveryMs, startedAt },
    reproduce: reproduceAtRandom(flags, pool),
  }
  const file = join(flags.reportDir, `random-${seed}-${startedAt.replaceAll(/[-:.]/g, '')}.json`)
  const store = (record: RandomFaultsRecord): void =>
    writeFileSync(file, `${JSON.stringify(redactValue(record), undefined, 2)}\n`, { mode: ownerFile })
  makeOwnerFolder(flags.reportDir)
  const paint = style(stdout)
  const taken: StepTaken[] = []
  const before = await readCondition(raised)
  await using client = await startMeshAndVipClients(raised)
  const result = await randomFaults({
    ...{ seed, steps, pool, client, signal, watchMs, answeredWithinMs },
    plant: (fault) => fault.plant(raised),
    traces: () => readTraces(raised.cluster),
    changes: () => changesSince(before, () => readCondition(raised), { progress, signal }),
    verify: () => quick(raised, flags, progress, signal),
    onStep(step) {
      taken.push(step)
      if (!flags.json) progress.print(stdout, stepLine(step, paint))
      store({ ...head, taken, invariants: [], broken: undefined, client: client.counts(), state: 'running' })
    },
  })
  const record: RandomFaultsRecord = {
    ...head,
    ...result,
    state: signal.aborted ? 'interrupted' : 'finished',
  }
  store(record)
  if (!flags.json)
    progress.print(stdout, randomFaultsEnd(record, paint, relative(process.cwd(), file) || file))
  return record
}

/** What of `quick` does not hold. */
async function quick(
  raised: ReadyLab,
  { reportDir }: RandomFaultsFlags,
  progress: LiveProgress,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { record } = await conformanceRun({
    ...{
      raised,
      provider: existingHostsProvider,
      progress,
      signal,
      reportDir,
      topology: raised.lab.topology,
    },
    suites: selectTests(suites, { profile: 'quick', slow: false }),
    ...{ fresh: false, keep: false, bail: false, callerRestoresLab: true },
    ...{ timeoutMs: defaultTimeLimitMs, version: version(), onVerdict: () => undefined },
    reproduce: 'swarmproof verify --profile quick',
  })
  return [
    ...record.failures.map(({ step, message }) => `${step}: ${message}`),
    ...record.requirements
      .filter(
        ({ verdict, advisory }) => !advisory && !['pass', 'skip'].includes(verdict?.outcome ?? 'unreached'),
      )
      .map(({ id, verdict }) => `${id} ${verdict?.outcome ?? 'not reached'}: ${verdict?.reason ?? ''}`),
  ]
}
