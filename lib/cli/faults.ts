import { relative } from 'node:path'
import { Command } from 'commander'
import { FaultLab } from '../../suites/fault-lab.ts'
import type { FaultOutcome } from '../../suites/seen-to-fail.ts'
import { suites } from '../../suites/index.ts'
import { conformanceRun } from '../conformance/run.ts'
import { only, planLabs, type PlannedLab } from '../conformance/plan.ts'
import { bringUp, resume } from '../conformance/bring-up.ts'
import { defaultTimeLimitMs } from '../conformance/time-limit.ts'
import { chosenRequirementIds } from '../conformance/selection.ts'
import { InterruptedError, OutOfTimeError } from '../error.ts'
import type { Fault } from '../fault/fault.ts'
import type { HostProvider, Lab } from '../host/host.ts'
import { findTopology, listTopologies } from '../topology/find-topology.ts'
import { version } from '../package-root.ts'
import { faultsTable, oneLine } from './faults-table.ts'
import { chooseFaults } from './choose-faults.ts'
import { deadlineHelp, deadlineOption } from './deadline-option.ts'
import { exitCode } from './exit-code.ts'
import { chooseProvider, type HostsFlags, withHostsOptions } from './hosts-option.ts'
import { onInterruption } from './interruption.ts'
import { LiveProgress } from './live-progress.ts'
import { parseSeed, parseSteps, refuseOddFlags } from './random-faults-flags.ts'
import { plantAtRandom } from './random-faults.ts'
import { stdout } from './output.ts'
import { style } from './terminal.ts'

interface FaultsFlags extends HostsFlags {
  readonly list?: true
  readonly json?: true
  readonly lab?: string[]
  readonly only?: string[]
  readonly others?: string[]
  readonly reportDir: string
  readonly deadline?: number
  readonly random?: string
  readonly steps?: number
  readonly kept?: string | true
}

export function faultsCommand(): Command {
  const command = new Command('faults')
    .summary('plant defects on a lab and see requirements fail')
    .description(
      'Plants one defect after another on a lab, verifies the requirements it must break, removes it and\nverifies them again. Says which fell, where, and what was not caught.',
    )
    .argument('[name...]', 'faults to plant; all of them without a name')
    .option('--list', 'only say which faults there are and what each breaks')
    .option('--lab <topology...>', 'only on these labs; each fault finds its own otherwise')
  return withHostsOptions(command)
    .option('--only <id...>', 'of the requirements a fault must break verify these alone')
    .option('--others <id...>', 'verify these requirements, too, under every fault')
    .option(
      '--random <seed>',
      'plant and remove faults in the order of this seed while a client asks',
      parseSeed,
    )
    .option(
      '--steps <n>',
      'with --random: how many times something is planted or removed (default: 20)',
      parseSteps,
    )
    .option('--kept [lab]', 'with --random: on the lab that stands already, and leave it standing')
    .addOption(deadlineOption())
    .option('--report-dir <folder>', 'where the runs are stored', 'reports/faults')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(run)
}

async function run(names: string[], flags: FaultsFlags): Promise<void> {
  refuseOddFlags(flags)
  const chosen = chooseFaults(names, flags.only)
  const others = chosenRequirementIds(suites, flags.others ?? [])
  if (flags.list) {
    const listed = chosen.map(({ name, description, breaks }) => ({ name, description, breaks }))
    const lines = listed.map(
      (fault) =>
        `${fault.name}: ${fault.description.replace(/\.$/, '')}. Breaks ${fault.breaks.join(', ')}.\n`,
    )
    if (flags.json) stdout.deliverJson(listed)
    else stdout.deliver(lines.join(''))
    return
  }
  const progress = new LiveProgress()
  const interruption = onInterruption((text) => progress.note(text), { deadlineMs: flags.deadline })
  try {
    if (flags.random === undefined) await plant(chosen, others, flags, progress, interruption.signal)
    else await plantAtRandom(chosen, { ...flags, random: flags.random }, progress, interruption.signal)
  } finally {
    progress.close()
    interruption.release()
  }
}

async function plant(
  chosen: readonly Fault[],
  others: string[],
  flags: FaultsFlags,
  progress: LiveProgress,
  signal: AbortSignal,
): Promise<void> {
  const provider = await chooseProvider(flags, progress)
  const seen: (FaultOutcome & { readonly lab: string })[] = []
  for (const planned of labsFor(chosen, flags.lab)) {
    if (signal.aborted) break
    const session = faultLab(planned, { ...flags, others, provider }, progress, signal)
    try {
      for (const fault of chosen) {
        for (const breaks of onOneLab(fault, planned)) {
          if (signal.aborted) break
          const result = { ...(await session.see({ ...fault, breaks })), lab: planned.name }
          // What was interrupted says nothing of the fault.
          if (signal.aborted && result.problems.length > 0) break
          seen.push(result)
          if (!flags.json) progress.print(stdout, `${oneLine(result)}\n`)
        }
      }
    } finally {
      await session.end()
    }
  }
  progress.close()
  if (flags.json) stdout.writeJson(seen)
  else stdout.write(faultsTable(seen, style(stdout), relative(process.cwd(), flags.reportDir) || '.'))
  const interrupted = signal.reason instanceof InterruptedError
  process.exitCode = exitCode({
    interrupted,
    bindingFailure: seen.some(({ problems }) => problems.length > 0),
    broken: signal.aborted && !interrupted && !(signal.reason instanceof OutOfTimeError),
    // Nothing planted proves nothing.
    unknown: signal.aborted || seen.length === 0,
  })
}

function faultLab(
  { topology, suites: planned }: PlannedLab,
  flags: FaultsFlags & { readonly provider: HostProvider },
  progress: LiveProgress,
  signal: AbortSignal,
): FaultLab {
  const common = { provider: flags.provider, progress, signal, fresh: false }
  // Until it is raised it is nobody's else.
  let coming: Lab | undefined
  return new FaultLab({
    ...{ progress, signal, others: flags.others ?? [] },
    raise: async () => {
      try {
        return await bringUp(topology, { ...common, runId: 'faults', onLab: (lab) => (coming = lab) })
      } catch (error) {
        await coming?.[Symbol.asyncDispose]()
        throw error
      }
    },
    resume: ({ lab, built }) => resume(topology, lab, built, { progress, signal }),
    isDisruptive: (id) => only(planned, (test) => test.safety === 'lab' && test.id === id).length > 0,
    async verify(raised, ids) {
      const { record } = await conformanceRun({
        ...common,
        ...{ topology, raised },
        suites: only(planned, ({ id }) => ids.includes(id)),
        ...{ keep: false, callerRestoresLab: true },
        timeoutMs: defaultTimeLimitMs,
        bail: false,
        reportDir: flags.reportDir,
        reproduce: 'swarmproof faults',
        version: version(),
        onVerdict: () => undefined,
      })
      signal.throwIfAborted()
      return record.requirements
    },
  })
}

function labsFor(chosen: readonly Fault[], named: readonly string[] = []): PlannedLab[] {
  const broken = new Set(chosen.flatMap(({ breaks }) => breaks))
  const selected = only(suites, ({ id }) => broken.has(id))
  return planLabs(selected, { named: named.map((name) => findTopology(name)), shipped: listTopologies() })
}

/** A fault's requirements here: those that leave the lab as it is together, each of the others on a lab of its own. */
function onOneLab({ breaks }: Fault, planned: PlannedLab): string[][] {
  const here = only(planned.suites, ({ id }) => breaks.includes(id)).flatMap(({ tests }) => tests)
  const harmless = here.filter(({ safety }) => safety !== 'lab').map(({ id }) => id)
  const disruptive = here.filter(({ safety }) => safety === 'lab').map(({ id }) => [id])
  return [...(harmless.length === 0 ? [] : [harmless]), ...disruptive]
}

const examples = `
Examples:
  swarmproof faults                        every defect on the lab it needs
  swarmproof faults vxlan-lost esp-lost    two of them
  swarmproof faults --only VXL-06          whatever breaks one requirement
  swarmproof faults --list                 what can be planted and what it breaks
  swarmproof faults --deadline 2h          as many as can be planted and removed by then
  swarmproof faults --random 7 --steps 30  thirty steps of seed 7 on a lab of its own, with a client that never stops
  swarmproof faults --random 7 --kept      the same on the lab that stands

With --random up to three faults stand at once. A client asks every 200 ms through the mesh and by a virtual IP; it is told
how much was answered. Whenever nothing is planted the kernels must hold what they held before and the client must be
answered within 30 s; at the end the lab must be as before, and quick must pass. The same seed, steps and names give the
same sequence.
${deadlineHelp}`
