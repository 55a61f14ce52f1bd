import { type RunRecord, summarizeRun } from '../conformance/run-record.ts'
import { ExitCode } from '../error.ts'

/** What an exit code is made of; all but the first are the same for every command that verifies. */
export interface Ending {
  readonly interrupted: boolean
  /** A requirement that decides does not hold, or a planted fault was not caught. */
  readonly bindingFailure: boolean
  /** The harness failed somewhere, left something behind, or could not write what it should have written. */
  readonly broken: boolean
  /** Something that decides is not known: inconclusive, or never reached. */
  readonly unknown: boolean
}

/** 130 interrupted, else 1 for a binding failure, else 70 broken or left behind, else 2 unknown, else 0. */
export function exitCode({ interrupted, bindingFailure, broken, unknown }: Ending): number {
  if (interrupted) return ExitCode.interrupted
  if (bindingFailure) return ExitCode.notConformant
  if (broken) return ExitCode.harness
  return unknown ? ExitCode.inconclusive : ExitCode.conformant
}

/**
 * What a run, or several joined into one, ends with. `unwritten` are files of the run and reports that could not be
 * written.
 */
export function exitCodeOf(record: RunRecord, unwritten: readonly string[] = []): number {
  const { conclusion, counts } = summarizeRun(record)
  return exitCode({
    interrupted: record.state === 'interrupted',
    bindingFailure: conclusion === 'not conformant',
    // A run that is over and still called running was killed.
    broken:
      ['harness-failed', 'running'].includes(record.state) ||
      record.failures.length > 0 ||
      counts.broken > 0 ||
      (record.leftovers ?? []).length > 0 ||
      unwritten.length > 0,
    unknown: conclusion === 'inconclusive',
  })
}
