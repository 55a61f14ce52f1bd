import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { mkdir, rename, rm } from 'node:fs/promises'
import { execa } from 'execa'
import { SwarmproofError } from '../error.ts'
import { redact } from '../redact.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import { type AllureProgram, allureOnJava, allureOnNode } from './allure-program.ts'
import { completeAllureResults, reportTitle } from './allure-results.ts'
import { takeForOwner } from '../owner-only.ts'
import { redactValue } from '../redact-value.ts'
import type { ProgramOptions, ReportFormat, Written } from './format.ts'

const results = 'allure-results'
const report = 'allure-report'
const page = 'index.html'

/** For a history of single steps. */
export const allure: ReportFormat<'allure'> = {
  id: 'allure',
  name: 'Allure',
  describe: 'the Allure report',
  writes: [report, results],
  filledByRun: results,
  async write(record, runFolder, programs) {
    try {
      return await writeAllure(record, runFolder, programs)
    } finally {
      // Other programs write with the modes of their choice.
      for (const name of [results, report]) takeForOwner(join(runFolder, name))
    }
  },
}

/**
 * Completes `allure-results/` of a run and generates `allure-report/index.html` from it, which loads nothing and sends
 * nothing anywhere. By Allure 3, on Node; by allure-commandline where a program that runs Java is named. If that does
 * not run, the results stay and a note says how to have the report.
 */
async function writeAllure(record: RunRecord, runFolder: string, programs: ProgramOptions): Promise<Written> {
  const own = join(runFolder, results)
  const redacted = redactValue(record)
  await completeAllureResults(redacted, own)
  const { java, timeoutMs = 120_000 } = programs
  if (java !== undefined && !(await answers(java))) {
    return {
      note: `no Allure report: allure-commandline needs Java and '${java}' does not run. Install it (Debian, Ubuntu: apt-get install default-jre-headless), or leave --allure-java out: swarmproof report ${runFolder}`,
    }
  }
  const target = join(runFolder, report)
  const unfinished = `${target}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  const program =
    java === undefined
      ? await allureOnNode(unfinished, reportTitle(redacted), programs.allure)
      : allureOnJava(unfinished, java)
  await generate(program, own, timeoutMs).finally(() => program.dispose?.())
  // Allure 3 leaves data beside the page, which holds all of it.
  await rm(target, { recursive: true, force: true })
  await mkdir(target)
  await rename(join(unfinished, page), join(target, page))
  await rm(unfinished, { recursive: true })
  return { file: join(target, page) }
}

async function answers(java: string): Promise<boolean> {
  const result = await execa(java, ['-version'], { reject: false, timeout: 20_000, stdin: 'ignore' })
  return result.exitCode === 0
}

/** Made beside its place, so that a failure leaves the report of before. */
async function generate(program: AllureProgram, from: string, timeoutMs: number): Promise<void> {
  const { command, words, environment, unfinished } = program
  const result = await execa(command, [...words, from], {
    reject: false,
    timeout: timeoutMs,
    forceKillAfterDelay: 2000,
    stdin: 'ignore',
    // Exactly 'true': anything else leaves an analytics tag in the report.
    env: { ...environment, ALLURE_NO_ANALYTICS: 'true' },
  })
  const isMissing = !result.failed && !existsSync(join(unfinished, page))
  if (!result.failed && !isMissing) return
  await rm(unfinished, { recursive: true, force: true })
  throw new SwarmproofError({
    code: 'ALLURE_FAILED',
    what: 'the Allure report could not be generated',
    expected: `allure generate to end within ${Math.round(timeoutMs / 1000)} s with exit code 0 and ${page}`,
    observed: result.timedOut
      ? 'it was still running and was stopped'
      : `exit code ${result.exitCode ?? 'none'}: ${redact(lastLines(result.stderr || result.stdout || (result.shortMessage ?? '')))}`,
    hint: 'the other reports do not depend on it; allure-results/ can be opened with any Allure',
  })
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-15).join('\n')
}
