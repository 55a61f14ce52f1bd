import { relative } from 'node:path'
import type { FinishedRun } from '../conformance/run.ts'
import { type RunRecord, summarizeRun } from '../conformance/run-record.ts'
import { observationReader } from '../conformance/stored-files.ts'
import { diagnose } from '../diagnosis/diagnosis.ts'
import { messageOf } from '../error.ts'
import { type Progress, step } from '../progress.ts'
import { redact } from '../redact.ts'
import { html } from '../report/html.ts'
import { writeReports } from '../report/report.ts'
import { type TimeProfile, timeProfileOf } from '../report/time-profile.ts'
import { exitCodeOf } from './exit-code.ts'
import { stderr, stdout } from './output.ts'
import { style } from './terminal.ts'
import { timeProfileLines } from './time-profile-lines.ts'
import { summaryLines } from './verdict-lines.ts'

/**
 * Finds causes and writes every report. What could not be written is a note, and one of the failures of the run, so
 * that whoever reads the stored run comes to the same exit code. Never throws.
 */
async function writeRunReports({ record, store }: FinishedRun, progress: Progress): Promise<void> {
  const what = 'Writing the report'
  const fail = (message: string): void => {
    progress.note(message)
    record.failures.push({ step: what, message: redact(message), log: [] })
  }
  try {
    record.findings = diagnose(record, observationReader(store.folder, record))
  } catch (error) {
    progress.note(`The diagnosis failed: ${messageOf(error)}`)
    store.log.error({ diagnosis: error instanceof Error ? error.stack : String(error) })
  }
  store.save()
  try {
    const reports = await step(progress, what, undefined, () => writeReports(store.folder))
    for (const note of reports.notes) progress.note(note)
    for (const { report, message } of reports.errors)
      fail(`The ${report} report could not be written: ${message}`)
  } catch (error) {
    fail(`The reports could not be written: ${messageOf(error)}`)
  }
  if (record.failures.some((failure) => failure.step === what)) store.save()
}

/** What every command that verified does at its end: reports, what came of it on standard output, the exit code. */
export async function concludeRun(
  finished: FinishedRun,
  progress: Progress & { close(): void },
  json: boolean,
  profilesTime = false,
): Promise<void> {
  await writeRunReports(finished, progress)
  progress.close()
  tellRun(finished, json, profilesTime ? timeProfileOf(finished.record) : undefined)
  process.exitCode = exitCodeOfRun(finished)
}

/** The exit code of a run whose reports are written. */
function exitCodeOfRun({ record, store }: FinishedRun): number {
  return exitCodeOf(record, store.unwritten)
}

/** The end of a run on standard output: what came of it and where its report is, or all of it as JSON. */
function tellRun(finished: FinishedRun, json: boolean, timeProfile: TimeProfile | undefined): void {
  const { record, store, labId } = finished
  const folder = relative(process.cwd(), store.folder) || '.'
  if (json) {
    stdout.writeJson({ ...jsonResult(finished), folder, ...(timeProfile && { timeProfile }) })
    return
  }
  const where: (readonly [string, string])[] = [
    ['report', `${folder}/${html.file}`],
    ['again', record.reproduce],
  ]
  if (labId !== undefined)
    where.push(['lab', `${labId}; enter with \`swarmproof ssh NODE\`, end with \`swarmproof down\``])
  stdout.write(summaryLines(record, style(stdout), where))
  if (timeProfile !== undefined) stdout.write(`\n${timeProfileLines(timeProfile)}`)
  for (const failure of record.failures) {
    stderr.write(`swarmproof: ${failure.step} failed\n${failure.message}\n`)
    for (const line of failure.log.slice(-15)) stderr.write(`  | ${line}\n`)
  }
  for (const { host, what, remove } of record.leftovers ?? []) {
    stderr.write(`swarmproof: left behind on ${host}: ${what}\n  do next:  ${remove}\n`)
  }
}

function jsonResult({ record, labId }: FinishedRun): object {
  return { ...jsonOf(record), ...(labId === undefined ? {} : { labId }) }
}

/** A run for programs: findings first, the cause before all others, then verdicts with their problems. */
export function jsonOf(record: RunRecord): object {
  const { conclusion, partial, counts } = summarizeRun(record)
  return {
    findings: record.findings,
    runId: record.runId,
    state: record.state,
    conclusion,
    partial,
    counts,
    failures: record.failures,
    leftovers: record.leftovers ?? [],
    labs: record.labs.map(({ name, expected, verified }) => ({
      name,
      ...(expected === undefined ? {} : { expected }),
      ...(verified === undefined ? {} : { verified }),
    })),
    requirements: record.requirements.map(
      ({ id, lab, advisory, durationMs, verdict, attempts, knownIssues }) => ({
        id,
        lab,
        advisory,
        outcome: verdict?.outcome ?? 'unreached',
        problems: verdict?.problems ?? [],
        controls: verdict?.controls ?? [],
        measures: verdict?.measures ?? [],
        missing: verdict?.missing ?? [],
        unseen: verdict?.unseen ?? [],
        knownIssues: knownIssues ?? [],
        attempts: (attempts ?? []).map(({ generation, outcome, repeated }) => ({
          generation,
          outcome,
          repeated,
        })),
        reason: verdict?.reason ?? '',
        durationMs: durationMs ?? 0,
      }),
    ),
  }
}
