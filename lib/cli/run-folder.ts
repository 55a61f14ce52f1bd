import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InputError, unknownName } from '../error.ts'

/**
 * A run by its id, its folder or the run.json in it.
 * @throws InputError that says what to give: for unknown names the valid ones, for other files the folder
 */
export async function runFolder(run: string, reportDir: string): Promise<string> {
  const places = [join(reportDir, run), run]
  for (const place of places) {
    const found = await stat(place).catch(() => undefined)
    if (found?.isDirectory() === true) return place
    if (found?.isFile() === true && basename(place) === 'run.json') return dirname(place)
    if (found?.isFile() === true) throw isFile(place, reportDir, await runsIn(reportDir))
  }
  throw unknownName('run', run, await runsIn(reportDir))
}

async function runsIn(reportDir: string): Promise<string[]> {
  const entries = await readdir(reportDir, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name)
}

function isFile(file: string, reportDir: string, ids: readonly string[]): InputError {
  const stored =
    ids.length === 0 ? `no run is stored in ${reportDir}` : `valid ids in ${reportDir}: ${ids.join(', ')}`
  return new InputError({
    code: 'RUN_IS_FILE',
    what: `${file} is a file, and not run.json of a run`,
    expected: 'the id of a run, its folder, or the run.json in it',
    hint: existsSync(join(dirname(file), 'run.json'))
      ? `give the folder it is in: ${dirname(file)}`
      : `${stored}; a run that was copied from elsewhere needs its whole folder, with the name run.json kept`,
  })
}
