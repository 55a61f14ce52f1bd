import { join } from 'node:path'
import { messageOf, SwarmproofError } from '../error.ts'
import { MissingPrerequisite } from '../missing-prerequisite.ts'
import type { ClusterFacts } from '../observation/facts.ts'
import type { Missing } from '../observation/judgement.ts'
import { isExpected, missingOf } from './missing.ts'
import type { RunStore } from './run-store.ts'

/** What came of observing: what was seen, or what was thrown instead. */
export type Observed = { readonly seen: unknown } | { readonly threw: Threw }

/** An error as data. */
export interface Threw {
  readonly name: string
  readonly code?: string
  readonly message: string
  readonly host?: string
  readonly missing?: Missing
}

/** A file of `observations/`, of one requirement in one generation. */
export interface StoredObservation {
  readonly requirement: string
  readonly lab: string
  readonly generation: number
  readonly startedAt: string
  readonly endedAt: string
  readonly swarmproofVersion: string
  readonly seen?: unknown
  readonly threw?: Threw
}

/** Stands in a stored observation for a scene, by the name of its file without the extension. */
export interface SceneReference {
  readonly $scene: string
}

/**
 * What a run observed on one lab, as JSON files in its folder: facts and scenes once per generation, and of each
 * requirement what it alone observed, with references to the scenes. What judgements get went through JSON and is what
 * a later `judge` gets.
 */
export class Observations {
  readonly #store: Pick<RunStore, 'writeJson'>
  readonly #folder: string
  readonly #references = new WeakMap<object, string>()
  readonly #scenes = new Map<string, unknown>()
  #generation = -1

  /** `lab` is a folder below `observations/`; empty in a run of one lab. */
  constructor(store: Pick<RunStore, 'writeJson'>, lab: string) {
    this.#store = store
    this.#folder = join('observations', lab)
  }

  /** The number of the generation that begins. */
  next(): number {
    return (this.#generation += 1)
  }

  keepFacts(facts: ClusterFacts): void {
    this.#store.writeJson(join(this.#folder, `facts#${facts.generation}.json`), facts)
  }

  /** Keeps what a scene observed. The very object that is given here is stored as a reference from now on. */
  keepScene(key: string, generation: number, observed: Observed): void {
    const name = `${key}#${generation}`
    const text = JSON.stringify(observed, this.#referring(name))
    this.#store.writeJson(join(this.#folder, `${name}.json`), JSON.parse(text))
    if (!('seen' in observed) || typeof observed.seen !== 'object' || observed.seen === null) return
    this.#references.set(observed.seen, name)
    this.#scenes.set(
      name,
      resolveScenes((JSON.parse(text) as { seen: unknown }).seen, (ref) => this.#scenes.get(ref)),
    )
  }

  /** @returns the file, below the run's folder, and what was seen as a judgement gets it */
  keep(observation: StoredObservation): { readonly file: string; readonly seen: unknown } {
    const file = join(this.#folder, `${observation.requirement}#${observation.generation}.json`)
    const plain = JSON.parse(JSON.stringify(observation, this.#referring(undefined))) as StoredObservation
    this.#store.writeJson(file, plain)
    return { file, seen: resolveScenes(plain.seen, (ref) => this.#scenes.get(ref)) }
  }

  #referring(own: string | undefined): (key: string, value: unknown) => unknown {
    return (_key, value) => {
      if (typeof value !== 'object' || value === null) return value
      const reference = this.#references.get(value)
      if (reference !== undefined && reference !== own) return { $scene: reference } satisfies SceneReference
      if (value instanceof Map || value instanceof Set)
        throw new TypeError('an observation holds a Map or a Set, which JSON does not carry')
      return value
    }
  }
}

/** With every reference replaced by the scene: a copy of what holds one, what holds none as it is. */
export function resolveScenes(value: unknown, sceneOf: (reference: string) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const reference = (value as Partial<SceneReference>).$scene
  if (typeof reference === 'string') return sceneOf(reference)
  const held = value as Record<string, unknown>
  // Scenes of many nodes hold millions of values and few references: nothing is copied before one is found.
  let copy: Record<string, unknown> | undefined
  for (const key of Object.keys(held)) {
    const resolved = resolveScenes(held[key], sceneOf)
    if (resolved === held[key]) continue
    copy ??= Array.isArray(value)
      ? ([...(value as readonly unknown[])] as unknown as Record<string, unknown>)
      : { ...held }
    copy[key] = resolved
  }
  return copy ?? value
}

export function threwOf(thrown: unknown): Threw {
  if (!(thrown instanceof Error)) return { name: 'Error', message: messageOf(thrown) }
  return {
    name: thrown.name,
    message: thrown.message,
    ...(isExpected(thrown) ? { code: (thrown as { code?: string }).code ?? 'UNNAMED' } : {}),
    ...(thrown instanceof SwarmproofError && thrown.host !== undefined ? { host: thrown.host } : {}),
    ...(thrown instanceof MissingPrerequisite ? { missing: missingOf(thrown) } : {}),
  }
}
