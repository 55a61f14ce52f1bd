import { join } from 'node:path'
import type { z } from 'zod'
import { readBoundedText } from '../bounded-file.ts'
import { InputError } from '../error.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import { beyondJsonBounds } from '../bounded-json.ts'
import { placeOf } from './relocate.ts'
import { fromVersion2 } from '../conformance/run-record-v2.ts'
import { runRecordSchema, schemaVersion } from '../conformance/run-record-schema.ts'

/** What `run.json` may hold. A run of 100 requirements on four labs has some 20,000 values in 1 MB. */
export const runBounds = {
  mostBytes: 32 * 1024 * 1024,
  mostLevels: 64,
  mostValues: 1_000_000,
  longestTextCharacters: 1024 * 1024,
  mostLabs: 200,
  mostRequirements: 10_000,
  /** Steps, failures and findings, each. */
  mostEvents: 20_000,
} as const

/**
 * Reads the stored run of a folder. Refuses with an InputError what is missing, cut off, of another schema
 * version, beyond the bounds or not of the schema's shape.
 */
export async function readRun(runFolder: string): Promise<RunRecord> {
  const file = join(runFolder, 'run.json')
  return Promise.resolve(parseRun(textOf(file, runFolder), file))
}

function textOf(file: string, runFolder: string): string {
  try {
    return readBoundedText(file, runBounds)
  } catch (cause) {
    throw new InputError({
      code: 'RUN_MISSING',
      what: `there is no stored run in ${runFolder}`,
      expected: `a readable file ${file}`,
      observed: cause instanceof Error ? cause.message : String(cause),
      hint: 'give the folder of a run, e.g. `swarmproof report reports/latest`, or make one with `swarmproof run`',
      cause,
    })
  }
}

/** `file` is only named in errors. */
export function parseRun(text: string, file: string): RunRecord {
  const json = parseJson(text, file)
  const beyond = beyondJsonBounds(json, runBounds)
  if (beyond !== undefined) throw tooLarge(file, beyond)
  const version =
    typeof json === 'object' && json !== null && 'schemaVersion' in json ? json.schemaVersion : undefined
  if (version !== schemaVersion && version !== 2) {
    throw new InputError({
      code: 'RUN_SCHEMA_UNKNOWN',
      what: `${file} has a schema version this swarmproof cannot read`,
      expected: `schemaVersion ${schemaVersion} or 2`,
      observed:
        version === undefined ? 'no schemaVersion' : `schemaVersion ${JSON.stringify(version).slice(0, 100)}`,
      hint: 'read it with the swarmproof version that wrote it (`swarmproofVersion` in the file)',
    })
  }
  const parsed = runRecordSchema.safeParse(
    version === 2 ? fromVersion2(json as Record<string, unknown>) : json,
  )
  if (!parsed.success) throw misshapen(parsed.error, file)
  const count = tooMany(parsed.data)
  if (count !== undefined) throw tooLarge(file, count)
  placeOf(parsed.data.runId)
  return parsed.data
}

function tooMany(run: RunRecord): string | undefined {
  const { mostLabs, mostRequirements, mostEvents } = runBounds
  const counts = [
    ['labs', run.labs, mostLabs],
    ['requirements', run.requirements, mostRequirements],
    ['steps', run.steps, mostEvents],
    ['failures', run.failures, mostEvents],
    ['findings', run.findings, mostEvents],
  ] as const
  const found = counts.find(([, { length }, most]) => length > most)
  return found === undefined ? undefined : `it has ${found[1].length} ${found[0]}, more than ${found[2]}`
}

function tooLarge(file: string, observed: string): InputError {
  return new InputError({
    code: 'RUN_TOO_LARGE',
    what: `${file} holds more than is read of a run`,
    observed,
    hint: 'no run of swarmproof leaves so much: the file was changed by hand, or written by another program',
  })
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const end = text.trimEnd()
    const cutOff = brokeAtTheEnd(text, cause)
    throw new InputError({
      code: cutOff ? 'RUN_TRUNCATED' : 'RUN_NOT_JSON',
      what: cutOff ? `${file} is cut off: the run was killed while it wrote it` : `${file} is not JSON`,
      expected: 'one complete JSON document',
      observed:
        end === ''
          ? 'an empty file'
          : `${Buffer.byteLength(text)} bytes ending in ${JSON.stringify(end.slice(-40))}${
              cause instanceof Error ? ` (${cause.message})` : ''
            }`,
      hint: 'log.ndjson beside it tells how far the run came; run it again for a report',
      cause,
    })
  }
}

/** A parser that wanted more is told by where it stopped, whatever the last character was. */
function brokeAtTheEnd(text: string, cause: unknown): boolean {
  const message = cause instanceof Error ? cause.message : ''
  const position = /position (\d+)/.exec(message)?.[1]
  return position === undefined || /^Unterminated/.test(message) || Number(position) >= text.length
}

function misshapen(error: z.ZodError, file: string): InputError {
  const [first, ...others] = error.issues
  const more = others.length > 0 ? ` (and ${others.length} more)` : ''
  const key = first === undefined || first.path.length === 0 ? 'the document' : first.path.join('.')
  return new InputError({
    code: 'RUN_MISSHAPEN',
    what: `${file} is not a run as schema version ${schemaVersion} describes it`,
    expected: `a valid value at ${key}`,
    observed: `${first?.message ?? 'an unknown problem'}${more}`,
    hint: 'the file was changed by hand, or written by another program',
    cause: error,
  })
}
