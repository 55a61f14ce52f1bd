import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { pino, type Logger } from 'pino'
import { InputError, messageOf } from '../error.ts'
import { makeOwnerFolder, ownerFile } from '../owner-only.ts'
import { redact } from '../redact.ts'
import { redactJsonText, redactValue } from '../redact-value.ts'
import type { RunRecord } from './run-record.ts'

/**
 * The folder of one run, for its owner alone. `run.json` is replaced whole at every save, so a killed run leaves a
 * readable one. After the constructor nothing here throws: a full disk must not keep a run from leaving its lab. What
 * could not be written is said once and kept in `unwritten`.
 */
export class RunStore {
  readonly folder: string
  readonly log: Logger
  readonly #record: RunRecord
  readonly #tell: (text: string) => void
  readonly #unwritten = new Set<string>()

  /** @throws InputError `REPORT_DIR` when the folder cannot be created or written */
  constructor(reportDir: string, record: RunRecord, tell: (text: string) => void = () => undefined) {
    this.#record = record
    this.#tell = tell
    this.folder = resolve(reportDir, record.runId)
    try {
      makeOwnerFolder(this.folder)
      this.#replace()
      pointLatest(this.folder)
    } catch (cause) {
      throw unusable(this.folder, cause)
    }
    this.log = pino(
      { base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: redactJsonLine } },
      { write: (line) => this.#attempt('log.ndjson', (path) => append(path, line)) },
    )
  }

  /** Names of files below the folder that could not be written. */
  get unwritten(): readonly string[] {
    return [...this.#unwritten]
  }

  save(): void {
    this.#attempt('run.json', () => this.#replace())
  }

  /** Writes a text file below the run's folder, redacted. */
  write(name: string, content: string): void {
    this.#attempt(name, (path) => {
      makeOwnerFolder(dirname(path))
      writeFileSync(path, redact(content), { mode: ownerFile })
    })
  }

  /** Writes a value as JSON below the run's folder, redacted. */
  writeJson(name: string, value: unknown): void {
    this.#attempt(name, (path) => {
      makeOwnerFolder(dirname(path))
      writeFileSync(path, asSmallJson(value), { mode: ownerFile })
    })
  }

  /** Notes, once, what could not be written by others below the folder. */
  cannotWrite(name: string, error: unknown): void {
    const isNew = !this.#unwritten.has(name)
    this.#unwritten.add(name)
    if (isNew) this.#tell(`${join(this.folder, name)} cannot be written: ${messageOf(error)}`)
  }

  #attempt(name: string, work: (path: string) => void): void {
    try {
      work(join(this.folder, name))
      if (name === 'run.json') this.#unwritten.delete(name)
    } catch (error) {
      this.cannotWrite(name, error)
    }
  }

  /** What was written is read back before it replaces what was there: that one can be read. */
  #replace(): void {
    const partial = join(this.folder, '.run.json.partial')
    const file = openSync(partial, 'w', ownerFile)
    try {
      writeFileSync(file, asJson(this.#record))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    JSON.parse(readFileSync(partial, 'utf8'))
    renameSync(partial, join(this.folder, 'run.json'))
  }
}

function asJson(value: unknown): string {
  return JSON.stringify(redactValue(value), undefined, 2)
}

/** From here on indentation, which doubles it, is left out: what is so large is not read by people. */
const largeCharacters = 4 * 1024 * 1024

function asSmallJson(value: unknown): string {
  const compact = JSON.stringify(redactValue(value))
  return compact.length > largeCharacters ? compact : asJson(value)
}

function redactJsonLine(line: string): string {
  return `${redactJsonText(line)}\n`
}

function append(path: string, line: string): void {
  writeFileSync(path, line, { flag: 'a', mode: ownerFile })
}

function unusable(folder: string, cause: unknown): InputError {
  return new InputError({
    code: 'REPORT_DIR',
    what: `the report folder ${folder} cannot be created or written`,
    observed: messageOf(cause),
    hint: 'choose another with --report-dir',
    cause,
  })
}

function pointLatest(folder: string): void {
  const link = join(dirname(folder), 'latest')
  rmSync(link, { force: true })
  symlinkSync(basename(folder), link)
}
