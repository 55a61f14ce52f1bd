import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeOwnerFolder } from '../owner-only.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import type { Attempt, Evidence } from '../conformance/verdict.ts'
import { InputError } from '../error.ts'
import { copyPlainFile } from './copy-plain-file.ts'
import { formats } from './format-table.ts'
import { plainFiles, type RunFile } from './run-files.ts'
import { runId, runIdShape } from './run-id.ts'

/**
 * Where the files of a run lie below the folder of the run it was merged into: a folder of its own for each id.
 * @throws InputError for an id that is no name of a folder
 */
export function placeOf(id: string): string {
  const checked = runId(id)
  if (checked !== undefined) return `runs/${checked}`
  throw new InputError({
    code: 'RUN_ID',
    what: 'a run has an id that cannot name a folder',
    expected: runIdShape,
    observed: JSON.stringify(id.slice(0, 200)),
    hint: 'the file was changed by hand, or written by another program',
  })
}

/** The run with its paths as they are once its files lie at their place in a merged run. */
export function relocated(run: RunRecord): RunRecord {
  const place = placeOf(run.runId)
  const moved = (piece: Evidence): Evidence =>
    piece.kind === 'packets' ? { ...piece, file: `${place}/${piece.file}` } : piece
  return {
    ...run,
    requirements: run.requirements.map((requirement) =>
      requirement.verdict === undefined
        ? requirement
        : {
            ...requirement,
            verdict: { ...requirement.verdict, evidence: requirement.verdict.evidence.map(moved) },
            ...(requirement.attempts === undefined
              ? {}
              : { attempts: requirement.attempts.map((attempt) => observedAt(attempt, place)) }),
          },
    ),
    failures: run.failures.map((failure) =>
      failure.logSource !== undefined && /^(hosts|runs)\//.test(failure.logSource)
        ? { ...failure, logSource: `${place}/${failure.logSource}` }
        : failure,
    ),
  }
}

/** An attempt whose observations lie below `place`. */
function observedAt(attempt: Attempt, place: string): Attempt {
  const { observations } = attempt
  return observations === undefined ? attempt : { ...attempt, observations: `${place}/${observations}` }
}

/** Written again for the merged run. */
const written = new Set(formats.flatMap(({ writes }) => writes))

/** Of which a merged run takes the files of all its parts. */
const gathered = new Set(formats.flatMap(({ filledByRun }) => filledByRun ?? []))

const topOf = (name: string): string => name.split('/')[0] ?? ''

/**
 * What of a run's folder goes into a merged run.
 * @throws InputError naming what no run leaves, such as a link
 */
export async function filesToCopy(from: string): Promise<readonly RunFile[]> {
  return plainFiles(from, (name) => {
    const top = topOf(name)
    return gathered.has(top) || (!written.has(top) && !top.startsWith('.'))
  })
}

/**
 * Copies the files of a run to their place; those that reports are made of, whose names never repeat, go to those of
 * all runs.
 * @throws InputError as `filesToCopy` does, and before anything is copied
 */
export async function copyRun(from: string, id: string, into: string): Promise<void> {
  const place = placeOf(id)
  for (const { name, bytes } of await filesToCopy(from)) {
    const target = join(into, gathered.has(topOf(name)) ? name : `${place}/${name}`)
    makeOwnerFolder(dirname(target))
    await copyPlainFile(join(from, name), target, bytes).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
      if (!(await haveSameBytes(join(from, name), target))) throw twice(from, name)
    })
  }
}

async function haveSameBytes(one: string, other: string): Promise<boolean> {
  if ((await stat(one)).size !== (await stat(other)).size) return false
  return (await readFile(one)).equals(await readFile(other))
}

function twice(from: string, name: string): InputError {
  return new InputError({
    code: 'RUN_FILE_TWICE',
    what: `two of the runs have a file ${name}, and the two differ`,
    observed: `the second in ${from}`,
    hint: 'merge the runs as they were left; one of them was changed',
  })
}
