import type { Finding, RunRecord, Summary } from '../conformance/run-record.ts'
import { summarizeRun } from '../conformance/run-record.ts'
import { messageOf } from '../error.ts'
import { redact } from '../redact.ts'
import type { ProgramOptions, ReportFormat, Written } from './format.ts'
import { formats, type FormatId } from './format-table.ts'
import { readRun } from './read-run.ts'

/**
 * What was written: what to open of each format by its id. Paths begin with the run's folder. A report that could not
 * be written is in `errors`.
 */
export type ReportFiles = Readonly<Partial<Record<FormatId, string>>> & {
  readonly runFolder: string
  /** What is missing without being a failure, e.g. no Java for Allure. */
  readonly notes: readonly string[]
  readonly errors: readonly ReportError[]
  readonly summary: Summary
}

export interface ReportError {
  readonly report: FormatId
  readonly message: string
}

export interface ReportOptions {
  /** Finds causes again; those stored with the run are shown by default. */
  readonly diagnose?: (record: RunRecord) => Finding[]
  readonly programs?: ProgramOptions
}

/**
 * Reads `run.json` of a run's folder and writes every report beside it. One that fails does not keep the others
 * from being written. Throws only if the run cannot be read, see `readRun`.
 */
export async function writeReports(runFolder: string, options: ReportOptions = {}): Promise<ReportFiles> {
  const notes: string[] = []
  const record = withFindings(await readRun(runFolder), options.diagnose, notes)
  // Side by side: one that another program makes takes longer than all others together.
  const written = await Promise.all(
    formats.map((format) => attempt(format, record, runFolder, options.programs)),
  )
  const files: Partial<Record<FormatId, string>> = Object.fromEntries(
    written.flatMap(({ id, file }) => (file === undefined ? [] : [[id, file]])),
  )
  return {
    runFolder,
    ...files,
    notes: [...notes, ...written.flatMap(({ note }) => note ?? [])],
    errors: written.flatMap(({ id, error }) => (error === undefined ? [] : [{ report: id, message: error }])),
    summary: summarizeRun(record),
  }
}

async function attempt(
  format: ReportFormat<FormatId>,
  record: RunRecord,
  runFolder: string,
  programs: ProgramOptions = {},
): Promise<Written & { readonly id: FormatId; readonly error?: string }> {
  try {
    return { id: format.id, ...(await format.write(record, runFolder, programs)) }
  } catch (error) {
    return { id: format.id, error: redact(messageOf(error)) }
  }
}

/** A rule that crashes costs its findings, not the report. */
function withFindings(record: RunRecord, diagnose: ReportOptions['diagnose'], notes: string[]): RunRecord {
  if (diagnose === undefined) return record
  try {
    return { ...record, findings: diagnose(record) }
  } catch (error) {
    notes.push(`the diagnosis failed: ${redact(messageOf(error))}`)
    return record
  }
}
