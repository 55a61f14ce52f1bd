import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { StoredFiles } from '../../lib/conformance/stored-files.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'

/** Runs of real labs, as they stored them, in this folder: what judgements and rules are tested with. */
export const storedFolder = dirname(fileURLToPath(import.meta.url))

const ending = '.json.gz'

/** Text by file, relative to the folder of the run: `run.json` and its observations. */
export type Files = Readonly<Record<string, string>>

/** What a run stored, without captures and reports. */
export function readStoredFiles(runFolder: string): Files {
  const observations = readdirSync(join(runFolder, 'observations'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(runFolder, join(entry.parentPath, entry.name)))
    .sort()
  return Object.fromEntries(
    ['run.json', ...observations].map((file) => [file, readFileSync(join(runFolder, file), 'utf8')]),
  )
}

/** Keeps a run as NAME for tests. */
export function keepRun(runFolder: string, name: string): void {
  const files = readStoredFiles(runFolder)
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

/** What requirements saw in a run that is kept, by id, with the facts of its first generation. */
export function storedObservations(
  name: string,
  tests: readonly { readonly id: string }[],
): { readonly facts: ClusterFacts; readonly seen: Readonly<Record<string, unknown>> } {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-stored-'))
  try {
    unpackRun(name, folder)
    const files = new StoredFiles(folder)
    const read = tests.map(({ id }) => ({ id, ...files.read(`observations/${id}#0.json`) }))
    const [first] = read
    if (first === undefined) throw new Error('no requirement was asked for')
    return {
      facts: first.facts,
      seen: Object.fromEntries(read.map(({ id, stored }) => [id, stored.seen])),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const [, script, run, name] = process.argv
if (script === fileURLToPath(import.meta.url)) {
  if (run === undefined || name === undefined) throw new Error('give the folder of a run and a name')
  keepRun(run, name)
}
