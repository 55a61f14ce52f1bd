import type { Missing, Unseen } from './judgement.ts'

/**
 * One part of an observation. `got`: it was observed. `missing`: what it takes is not there. `blind`: it was recorded,
 * but may lack something, and why. `threw`: observing it failed, with the error's words.
 */
export type Part<T> =
  | { readonly got: T }
  | { readonly missing: Missing }
  | { readonly blind: string }
  | { readonly threw: string }

/** Parts by name, such as of nodes, parted into what was observed and what was not. */
export interface Parted<T> {
  readonly got: ReadonlyMap<string, T>
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
}

/** @param what names what the parts are of, e.g. `capture` */
export function part<T>(parts: Readonly<Record<string, Part<T>>>, what: string): Parted<T> {
  const got = new Map<string, T>()
  const missing: Missing[] = []
  const unseen: Unseen[] = []
  for (const [name, one] of Object.entries(parts)) {
    if ('got' in one) got.set(name, one.got)
    else if ('missing' in one) missing.push(one.missing)
    else if ('blind' in one) unseen.push({ what, nodes: [name], why: one.blind, blind: true })
    else unseen.push({ what, nodes: [name], why: one.threw })
  }
  return { got, missing: gather(missing), unseen }
}

/** What is missing for the same reason on several nodes is said once. */
export function gather(missing: readonly Missing[]): Missing[] {
  const byWhat = new Map<string, Missing>()
  for (const one of missing) {
    const key = `${one.of} ${one.what}`
    const known = byWhat.get(key)
    byWhat.set(key, { ...one, nodes: [...new Set([...(known?.nodes ?? []), ...one.nodes])] })
  }
  return [...byWhat.values()]
}
