import { relative } from 'node:path'
import { Command } from 'commander'
import type { FaultLab } from '../../suites/fault-lab.ts'
import { type FaultRow, FaultRows } from '../../suites/fault-rows.ts'
import { suites } from '../../suites/index.ts'
import type { Planting } from '../../suites/seen-to-fail.ts'
import type { PlannedLab } from '../conformance/plan.ts'
import { inProfile } from '../conformance/profile.ts'
import { chosenRequirementIds } from '../conformance/selection.ts'
import { InterruptedError, OutOfTimeError } from '../error.ts'
import type { Lab } from '../host/host.ts'
import { existingHostsProvider } from '../host/ssh/existing-hosts.ts'
import { standingLabs } from '../host/standing-labs.ts'
import { chooseFaults, pairsOfFaults } from './choose-faults.ts'
import { deadlineHelp, deadlineOption } from './deadline-option.ts'
import { exitCode } from './exit-code.ts'
import {
  labsFor,
  withoutRejoining,
  notOnLabs,
  notOnStanding,
  onOneLab,
  raisedSession,
  type SessionOptions,
  standingPlan,
  standingSession,
} from './fault-session.ts'
import { type FaultsFlags, refuseOddFlags } from './faults-flags.ts'
import { faultsTable, oneLine } from './faults-table.ts'
import { chooseProvider, withHostsOptions } from './hosts-option.ts'
import { onInterruption } from './interruption.ts'
import { LiveProgress } from './live-progress.ts'
import { parseSeed, parseSteps } from './random-faults-flags.ts'
import { plantAtRandom } from './random-faults.ts'
import { stdout } from './output.ts'
import { style } from './terminal.ts'
import { release, whichLab } from './which-lab.ts'
import { commitHere, readyForGolden, writeGoldenCases } from './write-golden.ts'

export function faultsCommand(): Command {
  const command = new Command('faults')
    .summary('plant defects on a lab, see requirements fail and causes named')
    .description(
      'Plants one defect after another on a lab, verifies the requirements it must break and profile quick, explains what it saw, removes the defect and verifies them again. Says which fell, where, what was found first, and what was not caught, not named, or named falsely.',
    )
    .argument(
      '[name...]',
      'faults to plant, A+B for two at once, the graver first; all of them without a name',
    )
    .option('--list', 'only say which faults there are, what each breaks and what it is named by')
    .option('--pairs', 'two at once, as operators could have them')
    .option('--lab <topology...>', 'only on these labs; each fault finds its own otherwise')
    .option('--lab-id [id]', 'on this lab, or the only one, that stands; it is neither restarted nor removed')
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
    .option('--no-quick', 'without profile quick: shorter, and less that could be named falsely')
    .option('--resume', 'go on after the rows that are stored in the folder of reports')
    .option('--write-golden <folder>', 'keep what was observed under each fault, reduced, for unit tests')
    .addOption(deadlineOption())
    .option('--report-dir <folder>', 'where rows and runs are stored', 'reports/faults')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(run)
}

async function run(names: string[], flags: FaultsFlags): Promise<void> {
  refuseOddFlags(flags, names)
  const chosen = flags.pairs ? pairsOfFaults() : chooseFaults(names, flags.only)
  const quick = flags.quick
    ? suites.flatMap(({ tests }) => tests.filter((test) => inProfile(test, 'quick')))
    : []
  const others = [...quick.map(({ id }) => id), ...chosenRequirementIds(suites, flags.others ?? [])]
  if (flags.list) {
    listFaults(chosen, flags)
    return
  }
  if (flags.writeGolden !== undefined) readyForGolden(flags.writeGolden)
  const progress = new LiveProgress()
  const interruption = onInterruption((text) => progress.note(text), { deadlineMs: flags.deadline })
  try {
    if (flags.random === undefined) await plant(chosen, others, flags, progress, interruption.signal)
    else {
      const single = [...new Set(chosen.flatMap(({ faults }) => faults))]
      await plantAtRandom(single, { ...flags, random: flags.random }, progress, interruption.signal)
    }
  } finally {
    progress.close()
    interruption.release()
  }
}

function listFaults(chosen: readonly Planting[], { json }: FaultsFlags): void {
  const listed = chosen.map(({ name, description, breaks, faults }) => ({
    ...{ name, description, breaks },
    namedBy: faults.flatMap(({ namedBy }) => namedBy ?? []),
    unnamed: faults.flatMap(({ unnamed }) => unnamed ?? []),
  }))
  const lines = listed.map((fault) => {
    const codes = fault.namedBy.map(({ code }) => code)
    const named =
      codes.length === 0 ? `No finding names it: ${fault.unnamed.join('; ')}` : `Named by ${codes.join(', ')}`
    return `${fault.name}: ${fault.description.replace(/\.$/, '')}. Breaks ${fault.breaks.join(', ')}. ${named}.\n`
  })
  if (json) stdout.deliverJson(listed)
  else stdout.deliver(lines.join(''))
}

async function plant(
  chosen: readonly Planting[],
  others: string[],
  flags: FaultsFlags,
  progress: LiveProgress,
  signal: AbortSignal,
): Promise<void> {
  const { reportDir } = flags
  const rows = new FaultRows(reportDir, flags.resume === true)
  const common = { progress, signal, reportDir, others }
  const seen: FaultRow[] = [...rows.all]
  const commit = commitHere()
  const add = (row: FaultRow): void => {
    rows.add(row)
    seen.push(row)
    if (!flags.json) progress.print(stdout, `${oneLine(row)}\n`)
  }
  for await (const { planned, session, able } of sessions(chosen, flags, common))
    for (const planting of able)
      for (const breaks of onOneLab(planting, planned)) {
        if (signal.aborted) break
        const short = flags.quick ? {} : ({ short: true } as const)
        const row = { fault: planting.name, lab: planned.name, breaks, ...short }
        if (rows.has(row)) continue
        const outcome = await session.see({ ...planting, breaks })
        // What was interrupted says nothing of the fault.
        if (signal.aborted && outcome.problems.length > 0) break
        add({ ...outcome, ...row, ...(commit === '' ? {} : { commit }) })
      }
  if (flags.writeGolden !== undefined) writeGoldenCases(seen, flags.writeGolden, reportDir, progress)
  progress.close()
  if (flags.json) stdout.writeJson(seen)
  else stdout.write(faultsTable(seen, style(stdout), relative(process.cwd(), reportDir) || '.'))
  const interrupted = signal.reason instanceof InterruptedError
  process.exitCode = exitCode({
    interrupted,
    bindingFailure: seen.some(({ problems }) => problems.length > 0),
    broken: signal.aborted && !interrupted && !(signal.reason instanceof OutOfTimeError),
    // Nothing planted proves nothing.
    unknown: signal.aborted || seen.length === 0,
  })
}

/** One lab after another; what is left of each is removed before the next, but for one that stood before. */
async function* sessions(
  chosen: readonly Planting[],
  flags: FaultsFlags,
  common: Omit<SessionOptions, 'provider'>,
): AsyncGenerator<{
  readonly planned: PlannedLab
  readonly session: FaultLab
  readonly able: readonly Planting[]
}> {
  if (flags.labId !== undefined) {
    const lab: Lab = await whichLab(
      standingLabs(),
      flags.labId === true ? undefined : flags.labId,
      '--lab-id',
    )
    try {
      const session = standingSession(lab, { ...common, provider: existingHostsProvider })
      const able = withoutRejoining(chosen)
      const planned = standingPlan(lab, able)
      for (const told of notOnStanding(chosen, planned)) common.progress.note(told)
      yield { planned, session, able }
    } finally {
      await release(lab)
    }
    return
  }
  const labs = labsFor(chosen, flags.lab)
  for (const told of notOnLabs(chosen, labs)) common.progress.note(told)
  const provider = await chooseProvider(flags, common.progress)
  for (const planned of labs) {
    if (common.signal.aborted) return
    const session = raisedSession(planned, { ...common, provider })
    try {
      yield { planned, session, able: chosen }
    } finally {
      await session.end()
    }
  }
}

const examples = `
Examples:
  swarmproof faults                        every defect on the lab it needs
  swarmproof faults vxlan-lost esp-lost    two of them
  swarmproof faults --only VXL-06          whatever breaks one requirement
  swarmproof faults vxlan-not-sent+esp-dropped
                                           both at once
  swarmproof faults --lab-id ID --resume   what is not stored yet, on a lab that stands
  swarmproof faults --list                 what can be planted and what it breaks
  swarmproof faults --deadline 2h          as many as can be planted and removed by then
  swarmproof faults --random 7 --steps 30  thirty steps of seed 7 on a lab of its own, with a client that never stops
  swarmproof faults --random 7 --lab-id    the same on the lab that stands

On a lab that stands (--lab-id) nothing is planted under which a node leaves the swarm, or that only disruptive
requirements show; what is left out is told.

With --random up to three faults stand at once. A client asks every 200 ms through the mesh and by a virtual IP; it is told
how much was answered. Whenever nothing is planted the kernels must hold what they held before and the client must be
answered within 30 s; at the end the lab must be as before, and quick must pass. The same seed, steps and names give the
same sequence.
${deadlineHelp}`
