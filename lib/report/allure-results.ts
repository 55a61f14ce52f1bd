import { createHash } from 'node:crypto'
import { lstat, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LabelName, Stage, Status } from 'allure-js-commons'
import type { StatusDetails } from 'allure-js-commons'
import { FileSystemWriter, ReporterRuntime } from 'allure-js-commons/sdk/reporter'
import type { FailureRecord, RunRecord } from '../conformance/run-record.ts'
import { InputError } from '../error.ts'
import { redact } from '../redact.ts'
import { describeEnd, headlineOf } from './headline.ts'
import { labsTitle, severalLabs, versionsOf } from './labs.ts'
import { printable } from '../printable.ts'
import { redactJsonText } from '../redact-value.ts'
import { plainFiles, runFileBounds } from './run-files.ts'
import { labOrigin } from './time.ts'

/**
 * What the Allure report shows beside the tests, in the folder that allure-mocha wrote during the run:
 * environment, categories, executor, and a result for the harness where the run did not come to its end.
 */
export async function completeAllureResults(record: RunRecord, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  if ((await lstat(folder)).isSymbolicLink()) throw linkedFolder(folder)
  // No link among them: they are read and written again below.
  await plainFiles(folder, undefined, resultBounds)
  await redactResults(folder)
  await writeFile(join(folder, 'environment.properties'), environment(record))
  await writeFile(join(folder, 'categories.json'), `${JSON.stringify(categories, null, 2)}\n`)
  await writeFile(join(folder, 'executor.json'), `${JSON.stringify(executor(record), null, 2)}\n`)
  const results = (await readdir(folder)).filter((name) => name.endsWith('-result.json'))
  const failures: readonly (FailureRecord | undefined)[] =
    record.failures.length > 0 ? record.failures : [undefined]
  for (const [index, failure] of failures.entries()) {
    const uuid = harnessUuid(record, index)
    if (results.includes(`${uuid}-result.json`)) continue
    if (record.state !== 'finished' || results.length === 0) writeHarnessResult(record, failure, uuid, folder)
  }
}

/** Each file is read whole. */
const resultBounds = { ...runFileBounds, mostBytes: 512 * 1024 ** 2 }

function linkedFolder(folder: string): InputError {
  return new InputError({
    code: 'RUN_FILES_REFUSED',
    what: `${folder} is a symbolic link`,
    expected: 'a folder of the run itself',
    hint: 'remove the link; the results are written again where the run left none',
  })
}

const categories = [
  { name: 'Network failure', matchedStatuses: ['failed'] },
  { name: 'Harness could not know', matchedStatuses: ['broken', 'unknown'] },
  { name: 'Missing feature', matchedStatuses: ['skipped'] },
]

/** Java properties: one line a value, what is not Latin 1 as `\u0000`. */
function environment(record: RunRecord): string {
  const versions = (of: 'engineVersion' | 'kernelRelease'): string =>
    versionsOf(record.labs, of).join(', ') || 'not reached'
  const [only] = record.labs
  const origins = record.labs.map((lab) =>
    severalLabs(record) ? `${lab.name}: ${labOrigin(lab)}` : labOrigin(lab),
  )
  const values: Record<string, string> = {
    Verdict: headlineOf(record).title,
    Topology: record.labs.map((lab) => lab.name).join(', '),
    'Docker engine': versions('engineVersion'),
    Kernel: versions('kernelRelease'),
    Lab: origins.join('; '),
    swarmproof: record.swarmproofVersion,
    'Reproduce with': record.reproduce,
    ...only?.facts,
  }
  return Object.entries(values)
    .map(([key, value]) => `${property(key).replaceAll(/[ :=]/g, '\\$&')}=${property(value)}\n`)
    .join('')
}

function property(text: string): string {
  return printable(text)
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** What the report is called. */
export function reportTitle(record: RunRecord): string {
  return `swarmproof: ${labsTitle(record)}`
}

function executor(record: RunRecord): Record<string, string> {
  return {
    name: 'swarmproof',
    type: 'swarmproof',
    buildName: record.runId,
    reportName: reportTitle(record),
  }
}

/** The same for the same failure of the same run, so that completing twice does not add a second one. */
function harnessUuid(record: RunRecord, index: number): string {
  return createHash('sha256').update(`${record.runId} ${index}`).digest('hex').slice(0, 32)
}

/** One result that says how far the run came, so that the report opens even when no test ran. */
function writeHarnessResult(
  record: RunRecord,
  failure: FailureRecord | undefined,
  resultUuid: string,
  folder: string,
): void {
  const runtime = new ReporterRuntime({ writer: new FileSystemWriter({ resultsDir: folder }) })
  const start = Date.parse(record.startedAt)
  const on = severalLabs(record) && failure?.lab !== undefined ? `${failure.lab} / ` : ''
  const name = failure === undefined ? 'harness / the run came to its end' : `harness / ${on}${failure.step}`
  const steps = record.steps.filter((step) => failure?.lab === undefined || step.lab === failure.lab)
  const finished = record.state === 'finished'
  const details: StatusDetails = finished
    ? { message: 'The run left no test results of its own for Allure; see conformance.html.' }
    : {
        message: printable(failure?.message ?? describeEnd(record)),
        trace: printable(failure?.log.join('\n') ?? ''),
      }
  const uuid = runtime.startTest({
    uuid: resultUuid,
    name,
    fullName: name,
    historyId: createHash('sha256').update(name).digest('hex').slice(0, 32),
    start,
    stage: Stage.RUNNING,
    labels: [
      { name: LabelName.SUITE, value: 'harness' },
      { name: LabelName.PARENT_SUITE, value: failure?.lab ?? labsTitle(record) },
      ...(failure?.host === undefined ? [] : [{ name: LabelName.HOST, value: failure.host }]),
    ],
  })
  runtime.updateTest(uuid, (result) => {
    result.status = finished ? Status.SKIPPED : Status.BROKEN
    result.stage = Stage.FINISHED
    result.statusDetails = details
    result.steps = steps.map((step) => ({
      name: step.host === undefined ? step.what : `${step.what} (${step.host})`,
      status: step.outcome === 'done' ? Status.PASSED : Status.BROKEN,
      statusDetails: step.detail === undefined ? {} : { message: printable(step.detail) },
      stage: Stage.FINISHED,
      steps: [],
      attachments: [],
      parameters: [],
      start: Date.parse(step.startedAt),
      stop: Date.parse(step.startedAt) + step.durationMs,
    }))
  })
  const end = record.endedAt === undefined ? start : Date.parse(record.endedAt)
  runtime.stopTest(uuid, { stop: end })
  runtime.writeTest(uuid)
}

const textAttachment = /\.(txt|log|csv|tsv|html|xml|md|ya?ml|ndjson|properties)$/

/** Nothing was known of keys when the results were written; whatever text they hold is gone through again. */
async function redactResults(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.json') && !textAttachment.test(name)) continue
    const file = join(folder, name)
    const before = await readFile(file, 'utf8')
    const after = name.endsWith('.json') ? redactJson(before) : redact(before)
    if (after !== before) await writeFile(file, after)
  }
}

/** Unchanged data keeps its formatting. */
function redactJson(text: string): string {
  const clean = redactJsonText(text)
  return clean === withoutFormatting(text) ? text : clean
}

function withoutFormatting(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return text
  }
}
