import { join } from 'node:path'
import type { RunRecord } from '../conformance/run-record.ts'
import { writeWhole } from './write-whole.ts'

/**
 * One way to show a stored run. It reads nothing but the record and what the run left in its folder, writes only what
 * it declares, lets no secret into it, and sends nothing anywhere. A format is a literal in a file of its own and a
 * line in `formats.ts`; everything else, such as the command line and merged runs, goes by the table.
 */
export interface ReportFormat<Id extends string = string> {
  /** Names it in `swarmproof report --json` and in errors. */
  readonly id: Id
  /** As people call it. */
  readonly name: string
  /** Who reads it, for the help of `swarmproof report`. */
  readonly describe: string
  /** Files and folders it writes in the run's folder. A merged run has its own; those of its parts are left behind. */
  readonly writes: readonly string[]
  /** The one of `writes` that the run itself fills; a merged run takes its files from all parts, their names never repeat. */
  readonly filledByRun?: string
  write(record: RunRecord, runFolder: string, programs: ProgramOptions): Promise<Written>
}

export interface Written {
  /** What to open; undefined where there is nothing to tell, or it could not be made here. */
  readonly file?: string
  /** What is missing without being a failure, and how to get it. */
  readonly note?: string
}

/** Of other programs that make a report. */
export interface ProgramOptions {
  /** Default 120 000. */
  readonly timeoutMs?: number
  /** The command line of Allure 3, as a module that Node runs; that of the package by default. */
  readonly allure?: string
  /** Program that runs Java: has the Allure report made by allure-commandline instead. */
  readonly java?: string
}

interface FileFormat<Id extends string> extends Pick<ReportFormat<Id>, 'id' | 'name' | 'describe'> {
  readonly file: string
  /** The whole text; undefined where the run has nothing to show in it. */
  render(record: RunRecord): string | undefined
}

/** A format of one text file, written whole or not at all. */
export function fileFormat<const Id extends string>(
  format: FileFormat<Id>,
): ReportFormat<Id> & { readonly file: string } {
  const { id, name, describe, file } = format
  return {
    ...{ id, name, describe, file, writes: [file] },
    async write(record, runFolder) {
      const text = format.render(record)
      return text === undefined ? {} : { file: await writeWhole(join(runFolder, file), text) }
    },
  }
}
