import type { ObserveContext } from './context.ts'

/**
 * Observations that several requirements rest on: made once per generation, whoever asks first, stored once, and
 * referred to by each of them. A scene that threw throws for all who ask, and is stored as that.
 */
export interface Scene<T> {
  /** Unique; names the file. Lower case, digits and hyphens. */
  readonly key: string
  /** Plain JSON. */
  readonly record: (context: ObserveContext) => Promise<T>
}

const keys = new Set<string>()

export function scene<T>(key: string, record: Scene<T>['record']): Scene<T> {
  if (keys.has(key)) throw new Error(`two scenes are named ${key}`)
  keys.add(key)
  return Object.freeze({ key, record })
}
