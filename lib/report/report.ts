import { join } from 'node:path'
import type { Finding, RunRecord, Summary } from '../conformance/run-record.ts'
import { summarize } from '../conformance/run-record.ts'
import { takeForOwner } from '../owner-only.ts'
import { redact } from '../redact.ts'
import { writeAllure } from './allure.ts'
import type { AllureOptions, AllureReport } from './allure.ts'
import { renderHtml } from './html.ts'
import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import { renderMatrix } from './matrix.ts'
import { readRun } from './read-run.ts'
import { writeWhole } from './write-whole.ts'

/** What was written. Paths begin with the run's folder. A report that could not be written is in `errors`. */
export interface ReportFiles {
  readonly runFolder: string
  readonly html?: string
  readonly junit?: string
  readonly markdown?: string
  /** Of a run that verified the same on several labs or engines only. */
  readonly matrix?: string
  readonly allure?: string
  /** What is missing without being a failure, e.g. no Java for Allure. */
  readonly notes: readonly string[]
  readonly errors: readonly ReportError[]
  readonly summary: Summary
}

export interface ReportError {
  readonly report: 'html' | 'junit' | 'markdown' | 'matrix' | 'allure'
  readonly message: string
}

export interface ReportOptions {
  /** Finds causes anew; those stored with the run are shown by default. */
  readonly diagnose?: (record: RunRecord) => Finding[]
  readonly allure?: AllureOptions
}

/**
 * Reads `run.json` of a run's folder and writes every report beside it. One that fails does not keep the others
 * from being written. Throws only if the run cannot be read, see `readRun`.
 */
export async function writeReports(runFolder: string, options: ReportOptions = {}): Promise<ReportFiles> {
  const stored = await readRun(runFolder)
  const errors: ReportError[] = []
  const notes: string[] = []
  const attempt = async <T>(
    report: ReportError['report'],
    work: () => Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      errors.push({ report, message: redact(error instanceof Error ? error.message : String(error)) })
      return undefined
    }
  }
  const record = withFindings(stored, options.diagnose, notes)
  const written = async (
    report: 'html' | 'junit' | 'markdown' | 'matrix',
    name: string,
    render: (record: RunRecord) => string | undefined,
  ): Promise<Record<string, string>> => {
    const file = await attempt(report, async () => {
      const content = render(record)
      return content === undefined ? undefined : writeWhole(join(runFolder, name), content)
    })
    return file === undefined ? {} : { [report]: file }
  }
  const files = {
    ...(await written('html', 'conformance.html', renderHtml)),
    ...(await written('junit', 'junit.xml', renderJunit)),
    ...(await written('markdown', 'summary.md', renderMarkdown)),
    ...(await written('matrix', 'matrix.md', renderMatrix)),
  }
  const allure = await attempt('allure', async () => writeForOwner(record, runFolder, options.allure))
  if (allure?.note !== undefined) notes.push(allure.note)
  return {
    runFolder,
    ...files,
    ...(allure?.file === undefined ? {} : { allure: allure.file }),
    notes,
    errors,
    summary: summarize(record),
  }
}

/** Other programs write with the modes of their choice. */
async function writeForOwner(
  record: RunRecord,
  runFolder: string,
  options: AllureOptions | undefined,
): Promise<AllureReport> {
  try {
    return await writeAllure(record, runFolder, options)
  } finally {
    for (const name of ['allure-results', 'allure-report']) takeForOwner(join(runFolder, name))
  }
}

/** A rule that crashes costs its findings, not the report. */
function withFindings(record: RunRecord, diagnose: ReportOptions['diagnose'], notes: string[]): RunRecord {
  if (diagnose === undefined) return record
  try {
    return { ...record, findings: diagnose(record) }
  } catch (error) {
    notes.push(`the diagnosis failed: ${redact(error instanceof Error ? error.message : String(error))}`)
    return record
  }
}
