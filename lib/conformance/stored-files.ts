import { join } from 'node:path'
import { z } from 'zod'
import { readBoundedText } from '../bounded-file.ts'
import { beyondJsonBounds } from '../bounded-json.ts'
import { InputError } from '../error.ts'
import type { ClusterFacts } from '../observation/facts.ts'
import { resolveScenes, type StoredObservation } from './observations.ts'
import type { LabRecord, RunRecord } from './run-record.ts'

/** Of one file of observations; the largest of a standard run on three hosts has 1.2 MB. */
export const observationBounds = {
  mostBytes: 64 * 1024 * 1024,
  mostLevels: 64,
  mostValues: 10_000_000,
  longestTextCharacters: 4 * 1024 * 1024,
} as const

/** What judging relies on before a requirement's own data. */
const observationShape = z.looseObject({ generation: z.int().nonnegative() })
const factsShape = z.looseObject({ nodes: z.array(z.unknown()), networks: z.looseObject({}) })
const sceneShape = z.looseObject({})

/**
 * Reads facts and scenes of a stored run by lab and name, such as `kernel#0`; undefined where there is none. Where a lab's
 * files lie is told by its requirements: in a merged run it is below the run they came from.
 *
 * @param run its folder, or its files where some of them were read already
 */
export function observationReader(
  run: string | StoredFiles,
  record: Pick<RunRecord, 'requirements'>,
): (lab: Pick<LabRecord, 'name'>, name: string) => unknown {
  const files = typeof run === 'string' ? new StoredFiles(run) : run
  return (lab, name) => {
    const known = record.requirements
      .filter((requirement) => requirement.lab === lab.name)
      .flatMap(({ attempts = [] }) => attempts.flatMap(({ observations }) => observations ?? []))[0]
    return known === undefined
      ? undefined
      : files.readPlain(`${known.slice(0, known.lastIndexOf('/') + 1)}${name}.json`)
  }
}

/** Observations of a run, each file read once. */
export class StoredFiles {
  readonly #folder: string
  readonly #known = new Map<string, unknown>()
  /** Scenes with those that they rest on, by file. */
  readonly #resolved = new Map<string, unknown>()

  constructor(runFolder: string) {
    this.#folder = runFolder
  }

  /** @throws InputError where a file is missing or is not what a run leaves */
  read(file: string): { readonly stored: StoredObservation; readonly facts: ClusterFacts } {
    const stored = this.#shaped(file, observationShape) as unknown as StoredObservation
    const below = file.slice(0, file.lastIndexOf('/') + 1)
    const within = new Set<string>()
    const scene = (reference: string): unknown => {
      const own = `${below}${reference}.json`
      if (this.#resolved.has(own)) return this.#resolved.get(own)
      if (within.has(reference)) throw unreadable(file, new Error(`${reference} rests on itself`))
      within.add(reference)
      const { seen } = this.#shaped(own, sceneShape)
      const resolved = resolveScenes(seen, scene)
      within.delete(reference)
      this.#resolved.set(own, resolved)
      return resolved
    }
    const facts = this.#shaped(
      `${below}facts#${stored.generation}.json`,
      factsShape,
    ) as unknown as ClusterFacts
    return { stored: { ...stored, seen: resolveScenes(stored.seen, scene) }, facts }
  }

  /** One file as it is; undefined where the run did not leave it. */
  readPlain(file: string): unknown {
    try {
      return this.#json(file)
    } catch {
      return undefined
    }
  }

  #shaped<T>(file: string, shape: z.ZodType<T>): T {
    const { success, data, error } = shape.safeParse(this.#json(file))
    if (!success) throw unreadable(file, new Error(error.issues[0]?.message))
    return data
  }

  #json(file: string): unknown {
    const known = this.#known.get(file)
    if (known !== undefined) return known
    // Names come out of a file that somebody may have written by hand.
    if (!/^(?:runs\/[\w.-]+\/)*observations\/(?:[\w.-]+\/)*[\w.#-]+\.json$/.test(file) || file.includes('..'))
      throw unreadable(file, new Error('it is not the name of a file of observations'))
    try {
      const value: unknown = JSON.parse(readBoundedText(join(this.#folder, file), observationBounds))
      const beyond = beyondJsonBounds(value, observationBounds)
      if (beyond !== undefined) throw new Error(beyond)
      this.#known.set(file, value)
      return value
    } catch (cause) {
      throw unreadable(file, cause)
    }
  }
}

function unreadable(file: string, cause: unknown): InputError {
  return new InputError({
    code: 'OBSERVATIONS_MISSING',
    what: `the observations ${JSON.stringify(file)} of the run cannot be read`,
    observed: cause instanceof Error ? cause.message : String(cause),
    hint: 'copy the whole folder of the run, with its observations/',
    cause,
  })
}
