import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { takeForOwner } from '../owner-only.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import type { Evidence } from '../conformance/verdict.ts'

/** Where the files of a run lie below the folder of the run it was merged into. */
export function placeOf(runId: string): string {
  return `runs/${runId.replaceAll(/[^\w.-]/g, '_')}`
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
          },
    ),
    failures: run.failures.map((failure) =>
      failure.logSource !== undefined && /^(hosts|runs)\//.test(failure.logSource)
        ? { ...failure, logSource: `${place}/${failure.logSource}` }
        : failure,
    ),
  }
}

/** Written anew for the merged run. */
const written = new Set(['conformance.html', 'junit.xml', 'summary.md', 'allure-report', 'allure-results'])

/** Copies the files of a run to their place; Allure's results, whose names never repeat, go to those of all runs. */
export async function copyRun(from: string, runId: string, into: string): Promise<void> {
  const place = join(into, placeOf(runId))
  for (const name of await readdir(from)) {
    if (written.has(name) || name.startsWith('.')) continue
    await cp(join(from, name), join(place, name), { recursive: true })
  }
  takeForOwner(into)
  await cp(join(from, 'allure-results'), join(into, 'allure-results'), { recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    },
  )
}
