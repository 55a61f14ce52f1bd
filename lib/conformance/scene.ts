import type { Scene } from './context.ts'

const keys = new Set<string>()

export function scene<T>(
  key: string,
  record: Scene<T>['record'],
  about: Pick<Scene<T>, 'byPairs' | 'probes' | 'listens'> = {},
): Scene<T> {
  if (keys.has(key)) throw new Error(`two scenes are named ${key}`)
  keys.add(key)
  return Object.freeze({ key, record, ...about })
}
