import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { rename, rm } from 'node:fs/promises'
import { execa } from 'execa'
import { SwarmproofError } from '../error.ts'
import { redact } from '../redact.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import { completeAllureResults } from './allure-results.ts'
import { takeForOwner } from '../owner-only.ts'
import { redactValue } from '../redact-value.ts'
import type { ProgramOptions, ReportFormat, Written } from './format.ts'

const results = 'allure-results'
const report = 'allure-report'

/** For a history of single steps; made by a Java program. */
export const allure: ReportFormat<'allure'> = {
  id: 'allure',
  name: 'Allure',
  describe: 'the Allure report, where there is Java',
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
 * Completes `allure-results/` of a run and generates `allure-report/index.html` from it. Without Java the results
 * stay and a note says how to have the report. Sends nothing anywhere.
 */
async function writeAllure(record: RunRecord, runFolder: string, programs: ProgramOptions): Promise<Written> {
  const own = join(runFolder, results)
  await completeAllureResults(redactValue(record), own)
  const java = programs.java ?? javaProgram()
  if (!(await answers(java))) {
    return {
      note: `no Allure report: it needs Java and '${java}' does not run. Install it (Debian, Ubuntu: apt-get install default-jre-headless) and type: swarmproof report ${runFolder}`,
    }
  }
  return {
    file: await generate(own, join(runFolder, report), java, programs.timeoutMs ?? 120_000),
  }
}

function javaProgram(): string {
  const home = process.env['JAVA_HOME']
  return home === undefined || home === '' ? 'java' : join(home, 'bin', 'java')
}

async function answers(java: string): Promise<boolean> {
  const result = await execa(java, ['-version'], { reject: false, timeout: 20_000, stdin: 'ignore' })
  return result.exitCode === 0
}

/** Made beside its place and moved there whole, so that a failure leaves the report of before. */
async function generate(from: string, target: string, java: string, timeoutMs: number): Promise<string> {
  const unfinished = `${target}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  const home = join(
    dirname(createRequire(import.meta.url).resolve('allure-commandline/package.json')),
    'dist',
  )
  // Java itself, not the package's launcher: a child of a child would outlive the time limit.
  const result = await execa(
    java,
    [
      '-Xmx512m',
      '-Djava.awt.headless=true',
      '-classpath',
      `${join(home, 'lib', '*')}:${join(home, 'lib', 'config')}`,
      'io.qameta.allure.CommandLine',
      ...['generate', '--single-file', '--clean', '--output', unfinished, from],
    ],
    {
      reject: false,
      timeout: timeoutMs,
      forceKillAfterDelay: 2000,
      stdin: 'ignore',
      // Exactly 'true': anything else leaves an analytics tag in the report.
      env: { ALLURE_NO_ANALYTICS: 'true', APP_HOME: home },
    },
  )
  if (result.failed) {
    await rm(unfinished, { recursive: true, force: true })
    throw new SwarmproofError({
      code: 'ALLURE_FAILED',
      what: 'the Allure report could not be generated',
      expected: `allure generate to end within ${Math.round(timeoutMs / 1000)} s with exit code 0`,
      observed: result.timedOut
        ? 'it was still running and was stopped'
        : `exit code ${result.exitCode ?? 'none'}: ${redact(lastLines(result.stderr || result.stdout || (result.shortMessage ?? '')))}`,
      hint: 'the other reports do not depend on it; allure-results/ can be opened with any Allure',
    })
  }
  await rm(target, { recursive: true, force: true })
  await rename(unfinished, target)
  return join(target, 'index.html')
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-15).join('\n')
}
