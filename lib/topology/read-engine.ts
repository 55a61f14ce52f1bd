import { engineName, engineNames } from './engine.ts'
import type { EngineName } from './engine.ts'
import type { YamlCursor } from './yaml-cursor.ts'

/** `engine: '26.1'` of a node or of all; undefined if it is not given or is none, which is complained about. */
export function readEngineKey(at: YamlCursor | undefined): EngineName | undefined {
  if (at === undefined) return undefined
  // Without quotes it is a number to YAML; what counts is what was written.
  const name = engineName(at.written.replace(/^'(.*)'$/, '$1'))
  if (name === undefined) at.complain(`must be an engine (${engineNames.join(', ')}), is ${at.written}`)
  return name
}
