import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import { InputError } from '../../lib/error.ts'
import { redactValue } from '../../lib/redact-value.ts'
import type { Files } from '../stored/stored-run.ts'

/** What a lab showed under a fault, reduced to what verdicts and findings of it rest on. */
export interface GoldenCase {
  /** Name of the fault, or `A+B`. */
  readonly fault: string
  /** Id of the run it was observed in. */
  readonly run: string
  /** Of swarmproof, in full. */
  readonly commit: string
  /** What was said of it then; see `explain`. */
  readonly said: unknown
  readonly files: Files
}

/** 20 kB. */
export const mostGoldenBytes = 20_000

/** Where those of the repository are. */
export const goldenFolder = dirname(fileURLToPath(import.meta.url))

const ending = '.json.br'

/** Names of the cases that are kept. */
export function goldenCases(folder = goldenFolder): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .sort()
}

export function readGolden(name: string, folder = goldenFolder): GoldenCase {
  return JSON.parse(
    brotliDecompressSync(readFileSync(join(folder, `${name}${ending}`))).toString(),
  ) as GoldenCase
}

/** Bytes of a case as it is kept. */
export function packedGolden(golden: GoldenCase): Buffer {
  const text = Buffer.from(JSON.stringify(golden))
  return brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      // Tables of the second look repeat those of the first, hundreds of kilobytes before.
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  })
}

/**
 * Keeps a case.
 * @throws InputError when it says no run or commit, holds what redaction takes out, or is too large
 */
export function writeGolden(golden: GoldenCase, folder = goldenFolder): void {
  const refuse = (what: string): InputError =>
    new InputError({ code: 'GOLDEN_REFUSED', what: `the golden case ${golden.fault} is refused: ${what}` })
  if (golden.run === '') throw refuse('it says no run')
  if (!/^[0-9a-f]{40}$/.test(golden.commit)) throw refuse('it says no commit')
  for (const [file, text] of Object.entries(golden.files)) {
    const value: unknown = JSON.parse(text)
    if (JSON.stringify(redactValue(value)) !== JSON.stringify(value))
      throw refuse(`${file} holds what redaction takes out`)
  }
  const packed = packedGolden(golden)
  if (packed.length > mostGoldenBytes)
    throw refuse(`it has ${packed.length} bytes, at most ${mostGoldenBytes} are kept`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${golden.fault}${ending}`), packed)
}
