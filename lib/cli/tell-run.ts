import { relative } from 'node:path'
import type { FinishedRun } from '../conformance/run.ts'
import { summarize } from '../conformance/run-record.ts'
import { diagnose } from '../diagnosis/diagnosis.ts'
import { type Progress, step } from '../progress.ts'
import { writeReports } from '../report/report.ts'
import { style } from './terminal.ts'
import { summaryLines } from './verdict-lines.ts'

/** Finds causes and writes every report; what could not be written is a note. */
export async function writeRunReports({ record, store }: FinishedRun, progress: Progress): Promise<void> {
  record.findings = diagnose(record)
  store.save()
  const reports = await step(progress, 'Writing the report', undefined, () => writeReports(store.folder))
  for (const note of reports.notes) progress.note(note)
  for (const { report, message } of reports.errors)
    progress.note(`The ${report} report could not be written: ${message}`)
}

/** The end of a run on standard output: what came of it and where its report is, or all of it as JSON. */
export function tellRun(finished: FinishedRun, json: boolean): void {
  const { record, store, labId } = finished
  const folder = relative(process.cwd(), store.folder) || '.'
  if (json) {
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
    leftovers: record.leftovers ?? [],
    requirements: record.requirements.map(({ id, lab, durationMs, verdict }) => ({
      id,
      lab,
      outcome: verdict?.outcome ?? 'unreached',
      reason: verdict?.reason ?? '',
      durationMs: durationMs ?? 0,
    })),
  }
}
