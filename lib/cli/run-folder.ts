import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { unknownName } from '../error.ts'

/** A folder as given, else a run of that id; unknown names list the valid ones. */
export async function runFolder(run: string, reportDir: string): Promise<string> {
  for (const folder of [join(reportDir, run), run]) {
    if ((await stat(folder).catch(() => undefined))?.isDirectory() === true) return folder
  }
  const valid = await readdir(reportDir, { withFileTypes: true }).catch(() => [])
  throw unknownName(
    'run',
    run,
    valid.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map((entry) => entry.name),
  )
}
