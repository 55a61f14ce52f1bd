import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { pino, type Logger } from 'pino'
import { InputError } from '../error.ts'
import { redact } from '../redact.ts'
import type { RunRecord } from './run-record.ts'

/** The folder of one run. `run.json` is replaced whole at every save, so a killed run leaves a readable one. */
export class RunStore {
  readonly folder: string
  readonly log: Logger
  readonly #record: RunRecord

  constructor(reportDir: string, record: RunRecord) {
    this.#record = record
    this.folder = resolve(reportDir, record.runId)
    createFolder(this.folder)
    this.log = pino(
      { base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: redact } },
      pino.destination({ dest: join(this.folder, 'log.ndjson'), sync: true }),
    )
    this.save()
    pointLatest(this.folder)
  }

  save(): void {
    const partial = join(this.folder, '.run.json.partial')
    writeFileSync(partial, redact(JSON.stringify(this.#record, undefined, 2)))
    renameSync(partial, join(this.folder, 'run.json'))
  }

  /** Writes a file below the run's folder, redacted. */
  write(name: string, content: string): void {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, redact(content))
  }
}

function createFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw new InputError({
      code: 'REPORT_DIR',
      what: `the report folder ${folder} cannot be created`,
      observed: cause instanceof Error ? cause.message : String(cause),
      hint: 'choose another with --report-dir',
      cause,
    })
  }
}

function pointLatest(folder: string): void {
  const link = join(dirname(folder), 'latest')
  rmSync(link, { force: true })
  symlinkSync(basename(folder), link)
}
