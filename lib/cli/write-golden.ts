import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type FaultRow, keepRows } from '../../suites/fault-rows.ts'
import {
  type GoldenCase,
  goldenCases,
  mostGoldenBytes,
  packedGolden,
  writeGolden,
} from '../../suites/golden/golden-case.ts'
import { reduceRun } from '../../suites/golden/reduce.ts'
import { readStoredFiles } from '../../suites/stored/stored-run.ts'
import { messageOf } from '../error.ts'
import { packageRoot } from '../package-root.ts'
import type { Progress } from '../progress.ts'
import { explainStored } from './explain-stored.ts'

/**
 * Keeps what was observed under faults for unit tests, where it is not kept yet. A row that is bad is not kept; what is
 * refused is a note.
 */
export function writeGoldenCases(
  rows: readonly FaultRow[],
  folder: string,
  reportDir: string,
  progress: Progress,
): void {
  mkdirSync(folder, { recursive: true })
  keepRows(
    folder,
    rows.map((row) => ({ ...row, reasons: {} })),
  )
  const kept = goldenCases(folder)
  for (const { fault, run, problems } of rows) {
    if (problems.length > 0 || run === undefined || kept.includes(fault)) continue
    try {
      writeGolden(goldenOf(fault, run, reportDir), folder)
    } catch (error) {
      progress.note(messageOf(error))
    }
  }
}

/** The case of one run, reduced. */
export function goldenOf(fault: string, run: string, reportDir: string): GoldenCase {
  const whole = readStoredFiles(join(reportDir, run))
  const said = explainStored(whole)
  const text = JSON.stringify(said)
  const caseOf = (files: GoldenCase['files']): GoldenCase => ({ fault, run, commit: commit(), said, files })
  const files = reduceRun(whole, {
    same: (less) => JSON.stringify(explainStored(less)) === text,
    fits: (less) => packedGolden(caseOf(less)).length <= mostGoldenBytes,
  })
  return caseOf(files)
}

/** Empty outside a checkout. */
function commit(): string {
  const { stdout } = spawnSync('git', ['-C', packageRoot(), 'rev-parse', 'HEAD'], { encoding: 'utf8' })
  return (stdout as string | null)?.trim() ?? ''
}
