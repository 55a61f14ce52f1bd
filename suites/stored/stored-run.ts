import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'

/** Runs of real labs, as they stored them, in this folder: what judgements and rules are tested with. */
export const storedFolder = dirname(fileURLToPath(import.meta.url))

const ending = '.json.gz'

/** Text by file, relative to the folder of the run: `run.json` and its observations. */
type Files = Readonly<Record<string, string>>

/** Keeps a run, without captures and reports, as NAME for tests. */
export function keepRun(runFolder: string, name: string): void {
  const observations = readdirSync(join(runFolder, 'observations'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(runFolder, join(entry.parentPath, entry.name)))
    .sort()
  const files: Files = Object.fromEntries(
    ['run.json', ...observations].map((file) => [file, readFileSync(join(runFolder, file), 'utf8')]),
  )
  writeFileSync(join(storedFolder, `${name}${ending}`), gzipSync(JSON.stringify(files), { level: 9 }))
}

/** Names of all runs that are kept. */
export function storedRuns(): string[] {
  return readdirSync(storedFolder)
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .sort()
}

export function storedFiles(name: string): Files {
  const packed = readFileSync(join(storedFolder, `${name}${ending}`))
  return JSON.parse(gunzipSync(packed).toString()) as Files
}

/** Unpacks a run into a folder, as somebody would copy it. */
export function unpackRun(name: string, folder: string): void {
  for (const [file, text] of Object.entries(storedFiles(name))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
}

const [, script, run, name] = process.argv
if (script === fileURLToPath(import.meta.url)) {
  if (run === undefined || name === undefined) throw new Error('give the folder of a run and a name')
  keepRun(run, name)
}
