import { appendFile } from 'node:fs/promises'
import { ExitCode } from '../error.ts'
import type { InputError } from '../error.ts'
import { packageRoot } from '../package-root.ts'
import { annotationsOf, bounded, githubOutputs, outputLines, workflowCommand } from '../report/github.ts'
import { changesOf, comparable } from '../report/history/changes.ts'
import type { Changes } from '../report/history/changes.ts'
import { entryOf } from '../report/history/entry.ts'
import { readHistory } from '../report/history/history-file.ts'
import { renderMarkdown } from '../report/markdown.ts'
import { readRun } from '../report/read-run.ts'
import { exitCodeOf } from './exit-code.ts'
import { stdout } from './output.ts'
import { requirementPlaces } from './requirement-place.ts'

export interface GithubOptions {
  /** File of earlier runs; the summary says what is new. */
  readonly history?: string
  readonly link?: string
  /** Path in the workspace; annotations point at its lines instead of at swarmproof's own. */
  readonly inventory?: string
}

/** GitHub refuses a step's summary of more than 1 MiB. */
const longestSummaryBytes = 1_000_000

/**
 * Tells GitHub Actions of a stored run: annotations on standard output, the summary and the outputs in the files that
 * the environment names. Outside of a workflow the summary goes to standard output.
 */
export async function tellGithub(
  runFolder: string,
  options: GithubOptions,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const record = await readRun(runFolder)
  const exitCode = exitCodeOf(record)
  const history = options.history === undefined ? undefined : await readHistory(options.history)
  const changes =
    history === undefined
      ? undefined
      : changesOf(
          comparable(
            history.entries,
            history.entries.find(({ runId }) => runId === record.runId) ?? entryOf(record),
          ),
        )
  const places = requirementPlaces(packageRoot(), environment['GITHUB_WORKSPACE'] ?? process.cwd(), {
    ...(options.inventory === undefined ? {} : { inventory: options.inventory }),
    addressesOf: (node) =>
      record.labs.flatMap(({ nodes }) =>
        nodes
          .filter(({ name }) => name === node)
          .flatMap(({ advertiseAddress, dataPathAddress }) => [advertiseAddress, dataPathAddress]),
      ),
  })
  for (const note of history?.notes ?? []) print({ level: 'warning', title: 'History', message: note })
  for (const annotation of bounded(annotationsOf(record, places))) print(annotation)
  const summary = renderMarkdown(record, {
    ...(changes === undefined ? {} : { changes }),
    ...(options.link === undefined ? {} : { link: options.link }),
    exitCode,
  })
  await append(environment['GITHUB_STEP_SUMMARY'], atMost(summary), true)
  const outputs = { ...githubOutputs(record, runFolder, exitCode), ...newOutputs(changes) }
  await append(environment['GITHUB_OUTPUT'], outputLines(outputs), false)
}

/** Where no run was stored a workflow is told that, too, in the same files. */
export async function tellGithubOfNoRun(
  error: InputError,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  print({ level: 'error', title: 'No verdict', message: error.message })
  const summary = `## ⚠️ No verdict\n\nThere is no stored run: it was refused or could not begin. The log of the step before says why.\n`
  await append(environment['GITHUB_STEP_SUMMARY'], summary, true)
  const outputs = { outcome: 'no run', 'exit-code': String(ExitCode.usage) }
  await append(environment['GITHUB_OUTPUT'], outputLines(outputs), false)
}

function newOutputs(changes: Changes | undefined): Record<string, string> {
  if (changes === undefined) return {}
  const names = (all: readonly { readonly id: string }[]): string =>
    [...new Set(all.map(({ id }) => id))].join(' ')
  return { 'new-failures': names(changes.newFailures), fixed: names(changes.fixed) }
}

function print(annotation: Parameters<typeof workflowCommand>[0]): void {
  stdout.workflowCommand(workflowCommand(annotation))
}

async function append(file: string | undefined, text: string, orPrint: boolean): Promise<void> {
  if (file !== undefined && file !== '') await appendFile(file, text)
  else if (orPrint) stdout.write(text)
}

function atMost(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= longestSummaryBytes) return text
  const cut = bytes
    .subarray(0, longestSummaryBytes)
    .toString()
    .replace(/\n[^\n]*$/, '')
  return `${cut}\n\n… the rest is in the report\n`
}
