import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
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
import { InputError, messageOf } from '../error.ts'
import { makeOwnerFolder } from '../owner-only.ts'
import { packageRoot } from '../package-root.ts'
import type { Progress } from '../progress.ts'
import { explainStored } from './explain-stored.ts'

/** Before hours of planting. @throws InputError where nothing can be kept in the folder, or what it holds is damaged */
export function readyForGolden(folder: string): void {
  try {
    makeOwnerFolder(folder)
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw new InputError({
      code: 'FOLDER_UNUSABLE',
      what: `golden cases cannot be kept in ${folder}: ${messageOf(error)}`,
      hint: 'give --write-golden a folder that can be written',
    })
  }
  keepRows(folder, [])
}

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
  keepRows(
    folder,
    rows.map((row) => ({ ...row, reasons: {} })),
  )
  const kept = goldenCases(folder)
  for (const { fault, run, problems, unnamed, findings, commit = commitHere() } of rows) {
    if (problems.length > 0 || run === undefined || kept.includes(fault)) continue
    // No finding is to be said of it, and its lab has one of its own.
    if (unnamed !== undefined && findings.some(({ severity }) => severity === 'cause')) continue
    try {
      writeGolden(goldenOf({ fault, run, commit }, reportDir), folder)
    } catch (error) {
      progress.note(messageOf(error))
    }
  }
}

/** The case of one run, reduced. */
function goldenOf(of: Pick<GoldenCase, 'fault' | 'run' | 'commit'>, reportDir: string): GoldenCase {
  const whole = readStoredFiles(join(reportDir, of.run))
  const said = explainStored(whole)
  const text = JSON.stringify(said)
  const files = reduceRun(whole, {
    same: (less) => JSON.stringify(explainStored(less)) === text,
    fits: (less) => packedGolden({ ...of, said, files: less }).length <= mostGoldenBytes,
  })
  return { ...of, said, files }
}

/** Of the checkout this is; empty outside one. */
export function commitHere(): string {
  const { stdout } = spawnSync('git', ['-C', packageRoot(), 'rev-parse', 'HEAD'], { encoding: 'utf8' })
  return (stdout as string | null)?.trim() ?? ''
}
