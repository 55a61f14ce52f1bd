import type { Missing, Unseen } from '../../../lib/observation/judgement.ts'
import type { Part } from '../../../lib/observation/part.ts'

/** One stage of an experiment: what it observed, or why that could not be observed. */
export interface Stage<T> {
  readonly got: T | undefined
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
}

/** @param what names the stage, for what could not be observed */
export function stage<T>(part: Part<T>, what: string): Stage<T> {
  if ('got' in part) return { got: part.got, missing: [], unseen: [] }
  if ('missing' in part) return { got: undefined, missing: [part.missing], unseen: [] }
  const why = 'blind' in part ? part.blind : part.threw
  return { got: undefined, missing: [], unseen: [{ what, nodes: [], why }] }
}
