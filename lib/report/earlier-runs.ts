import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RunRecord } from '../conformance/run-record.ts'
import { readRun } from './read-run.ts'

/** Of the newest so many folders runs are read. */
const mostFolders = 12

/** Runs that are stored in this folder, the newest first; what cannot be read as one is left out. */
export async function earlierRuns(reportDir: string): Promise<readonly RunRecord[]> {
  const runs = await Promise.all(
    foldersOf(reportDir).map((folder) => readRun(folder).catch((): undefined => undefined)),
  )
  return runs.flatMap((run) => run ?? [])
}

/** Ids of runs begin with the time of their start. */
function foldersOf(reportDir: string): string[] {
  try {
    return readdirSync(reportDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && /^\d{8}T\d{6}Z-/.test(entry.name))
      .map(({ name }) => join(reportDir, name))
      .sort()
      .reverse()
      .slice(0, mostFolders)
  } catch {
    return []
  }
}
