import { relative } from 'node:path'
import { Command } from 'commander'
import { conformanceRun, type FinishedRun } from '../conformance/run.ts'
import { summarize } from '../conformance/run-record.ts'
import { selectTests } from '../conformance/selection.ts'
import { diagnose } from '../diagnosis/diagnosis.ts'
import { ExitCode } from '../error.ts'
import { VmProvider } from '../host/vm/vm-provider.ts'
import { step } from '../progress.ts'
import { writeReports } from '../report/report.ts'
import { suites } from '../../suites/index.ts'
import type { EngineName } from '../topology/engine.ts'
import { findTopology } from '../topology/find-topology.ts'
import { withEngine } from '../topology/with-engine.ts'
import { duration } from './duration.ts'
import { engineOption } from './engine-option.ts'
import { onInterruption } from './interruption.ts'
import { LiveProgress } from './live-progress.ts'
import { version } from './main.ts'
import { style } from './terminal.ts'
import { summaryLines, verdictLines } from './verdict-lines.ts'

interface RunFlags {
  readonly only?: string[]
  readonly skip?: string[]
  readonly grep?: string
  readonly engine?: EngineName
  readonly fresh?: true
  readonly keep?: true
  readonly bail?: true
  readonly json?: true
  readonly reportDir: string
  readonly timeout: number
}

export function runCommand(): Command {
  return new Command('run')
    .summary('bring up a lab, verify it, write the report')
    .description(
      'Brings up a lab with a swarm and a stack on it, verifies every selected requirement on its real\ntraffic, and writes the report.',
    )
    .argument('[topology]', 'a name from `swarmproof list topologies`, or a YAML file', 'three-node')
    .option('--only <id...>', 'only these requirements or groups, e.g. ENC-01 VXL')
    .option('--skip <id...>', 'all but these requirements or groups')
    .option('--grep <expression>', 'only requirements whose id or sentence matches')
    .addOption(engineOption('the engine of all hosts'))
    .option('--fresh', 'build the stack anew instead of resuming a standing lab')
    .option('--keep', 'leave the lab standing at the end')
    .option('--bail', 'stop at the first requirement that does not hold')
    .option('--timeout <duration>', 'longest a single requirement may take, e.g. 90s, 3m', duration, 180_000)
    .option('--report-dir <folder>', 'where runs are stored', 'reports')
    .option('--json', 'print the result as JSON on standard output')
    .addHelpText('after', examples)
    .action(run)
}

async function run(topologyName: string, flags: RunFlags): Promise<void> {
  const named = findTopology(topologyName)
  const topology = flags.engine === undefined ? named : withEngine(named, flags.engine)
  const selected = selectTests(suites, flags)
  const progress = new LiveProgress()
  const paint = style(process.stdout)
  const print = (text: string): void => {
    if (!flags.json) progress.print(process.stdout, text)
  }
  const interruption = onInterruption((text) => progress.note(text))
  const finished = await conformanceRun({
    ...flags,
    topology,
    suites: selected,
    provider: new VmProvider(),
    progress,
    signal: interruption.signal,
    fresh: flags.fresh ?? false,
    keep: flags.keep ?? false,
    bail: flags.bail ?? false,
    timeoutMs: flags.timeout,
    reproduce: reproduce(topologyName, flags),
    version: version(),
    onVerdict: (requirement) => print(verdictLines(requirement, paint)),
  })
  finished.record.findings = diagnose(finished.record)
  finished.store.save()
  const reports = await step(progress, 'Writing the report', undefined, () =>
    writeReports(finished.store.folder),
  )
  for (const note of reports.notes) progress.note(note)
  for (const { report, message } of reports.errors)
    progress.note(`The ${report} report could not be written: ${message}`)
  progress.close()
  interruption.release()
  tell(finished, flags)
  process.exitCode = exitCodeOf(finished)
}

function tell(finished: FinishedRun, flags: RunFlags): void {
  const { record, store, labId } = finished
  const folder = relative(process.cwd(), store.folder) || '.'
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ ...jsonResult(finished), folder }, undefined, 2)}\n`)
    return
  }
  const where: (readonly [string, string])[] = [
    ['report', `${folder}/conformance.html`],
    ['again', record.reproduce],
  ]
  if (labId !== undefined)
    where.push(['lab', `${labId}; enter with \`swarmproof ssh NODE\`, end with \`swarmproof down\``])
  process.stdout.write(summaryLines(record, style(process.stdout), where))
  for (const failure of record.failures) {
    process.stderr.write(`swarmproof: ${failure.step} failed\n${failure.message}\n`)
    for (const line of failure.log.slice(-15)) process.stderr.write(`  | ${line}\n`)
  }
}

function jsonResult({ record, labId }: FinishedRun): object {
  const { conclusion, partial, counts } = summarize(record)
  return {
    runId: record.runId,
    state: record.state,
    conclusion,
    partial,
    counts,
    ...(labId === undefined ? {} : { labId }),
    failures: record.failures,
    requirements: record.requirements.map(({ id, lab, durationMs, verdict }) => ({
      id,
      lab,
      outcome: verdict?.outcome ?? 'unreached',
      reason: verdict?.reason ?? '',
      durationMs: durationMs ?? 0,
    })),
  }
}

function exitCodeOf({ record }: FinishedRun): number {
  if (record.state === 'interrupted') return ExitCode.interrupted
  if (record.state === 'harness-failed') return ExitCode.harness
  const { conclusion } = summarize(record)
  return {
    conformant: ExitCode.conformant,
    'not conformant': ExitCode.notConformant,
    inconclusive: ExitCode.inconclusive,
  }[conclusion]
}

function reproduce(topologyName: string, flags: RunFlags): string {
  const words = ['swarmproof run', topologyName]
  if (flags.only) words.push('--only', ...flags.only)
  if (flags.skip) words.push('--skip', ...flags.skip)
  if (flags.grep !== undefined) words.push('--grep', `'${flags.grep}'`)
  if (flags.engine !== undefined) words.push('--engine', flags.engine)
  if (flags.fresh) words.push('--fresh')
  return words.join(' ')
}

const examples = `
Examples:
  swarmproof run                               the three-host lab, everything
  swarmproof run --only ENC-01 ENC-02          two requirements
  swarmproof run --only VXL ENC --skip ENC-07  two groups, one requirement left out
  swarmproof run --engine 20.10                all hosts with an older engine
  swarmproof run --fresh --keep                build the stack anew and leave the lab standing
  swarmproof run my-lab.yaml --json            a lab of your own, the result as JSON`
