import type { Files } from '../stored/stored-run.ts'

/** A run with some of it left out, from the least telling on. */
type Cut = (files: Files) => Files

export interface ReductionOptions {
  /** Whether verdicts and findings are still the same. */
  readonly same: (files: Files) => boolean
  readonly fits: (files: Files) => boolean
}

/**
 * Leaves out of a stored run what its verdicts and findings do not rest on, until it fits: each cut is taken back where
 * they would be others.
 */
export function reduceRun(whole: Files, { same, fits }: ReductionOptions): Files {
  let files = compact(whole)
  const apply = (cut: Cut): void => {
    const less = cut(files)
    if (less !== files && same(less)) files = less
  }
  for (const cut of [withoutWords, withoutPassed, withoutVerdicts]) apply(cut)
  if (fits(files)) return files
  for (const scene of Object.keys(files).filter(isRecorded)) {
    for (const at of lists(JSON.parse(files[scene] ?? '{}'), 'frames'))
      files = shorter(files, scene, at, same)
    if (fits(files)) return files
  }
  for (const host of kernelHosts(files)) {
    for (const name of namespacesOf(files, host)) apply((now) => withoutNamespace(now, host, name))
    if (fits(files)) return files
  }
  apply(withoutMulticast)
  for (const scene of Object.keys(files).filter(isRecorded)) {
    if (fits(files)) return files
    for (const at of lists(JSON.parse(files[scene] ?? '{}'))) files = shorter(files, scene, at, same)
  }
  for (const scene of Object.keys(files).filter(isRecorded)) {
    if (fits(files)) return files
    for (const at of lists(JSON.parse(files[scene] ?? '{}'), 'frames'))
      files = shorter(files, scene, at, same, 2)
  }
  return files
}

const isKernel = (name: string): boolean => /observations\/kernel(-after)?#/.test(name)
const isRecorded = (name: string): boolean => name.startsWith('observations/') && !isKernel(name)

function compact(files: Files): Files {
  return mapped(files, (text) => JSON.stringify(JSON.parse(text)))
}

/** What requirements say of themselves, which is in the catalog. */
function withoutWords(files: Files): Files {
  return changed(files, 'run.json', (run) => {
    const { requirements } = run as { requirements: readonly object[] }
    const none = { requirement: '', source: [], method: '', usualCauses: [], remedy: [] }
    return {
      ...(run as object),
      requirements: requirements.map((one) => ({
        ...one,
        ...Object.fromEntries(Object.entries(none).filter(([key]) => key in one)),
      })),
    }
  })
}

/** Steps, and what judging makes again of a verdict whose observations are there. */
function withoutVerdicts(files: Files): Files {
  return changed(files, 'run.json', (run) => {
    const { requirements } = run as { requirements: StoredRequirement[] }
    const bare = requirements.map(({ verdict, attempts, ...one }) => ({
      ...one,
      ...(verdict === undefined
        ? {}
        : {
            verdict: {
              ...verdict,
              problems: [],
              evidence: [],
              ...('tables' in verdict ? { tables: {} } : {}),
            },
          }),
      ...(attempts === undefined ? {} : { attempts: attempts.map((each) => ({ ...each, problems: [] })) }),
    }))
    return { ...(run as object), steps: [], requirements: bare }
  })
}

interface StoredRequirement {
  readonly verdict?: { readonly outcome: string }
  readonly attempts?: readonly { readonly observations?: string }[]
}

/** What passed keeps its verdict and loses its observations, and scenes that nothing else rests on go with them. */
function withoutPassed(files: Files): Files {
  const dropped = new Set<string>()
  const left = changed(files, 'run.json', (run) => {
    const { requirements } = run as { requirements: StoredRequirement[] }
    return {
      ...(run as object),
      requirements: requirements.map((one) => {
        if (one.verdict?.outcome !== 'pass') return one
        for (const { observations } of one.attempts ?? [])
          if (observations !== undefined) dropped.add(observations)
        return { ...one, attempts: one.attempts?.map((attempt) => ({ ...attempt, observations: undefined })) }
      }),
    }
  })
  const kept = Object.entries(left).filter(([name]) => !dropped.has(name))
  const referred = kept.map(([, text]) => text).join('\n')
  const isNeeded = (name: string): boolean => {
    const scene = /observations\/(?:.*\/)?([\w-]+#\d+)\.json$/.exec(name)?.[1]
    if (scene === undefined || /^[A-Z]{2,3}-\d\d#/.test(scene)) return true
    return (
      /^(facts|kernel|kernel-after|engines|swarm-objects)/.test(scene) ||
      referred.includes(`"$scene":"${scene}"`)
    )
  }
  return Object.fromEntries(kept.filter(([name]) => isNeeded(name)))
}

/** Paths to the long lists of a scene, or to those of one key whatever their length. */
function lists(value: unknown, key?: string, at: readonly string[] = []): string[][] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, inner]) =>
    Array.isArray(inner) && (key === undefined ? inner.length >= 16 : name === key)
      ? [[...at, name]]
      : lists(inner, key, [...at, name]),
  )
}

/** Leaves entries of a list out by halves, down to `least` at a time: what nothing rests on goes in few looks. */
function shorter(
  files: Files,
  name: string,
  at: readonly string[],
  same: ReductionOptions['same'],
  least = 8,
): Files {
  const all = listAt(JSON.parse(files[name] ?? '{}'), at)
  let kept = all
  const attempt = (less: readonly unknown[]): boolean => {
    const result = same(withList(files, name, at, less))
    if (result) kept = less
    return result
  }
  if (!attempt([]))
    for (let size = Math.ceil(all.length / 2); size >= least; size = Math.ceil(size / 2))
      for (let from = kept.length - size; from > -size; from -= size)
        attempt([...kept.slice(0, Math.max(0, from)), ...kept.slice(Math.max(0, from + size))])
  return withList(files, name, at, kept)
}

function withList(files: Files, name: string, at: readonly string[], list: readonly unknown[]): Files {
  return changed(files, name, (scene) => replaced(scene, at, list))
}

function listAt(value: unknown, at: readonly string[]): readonly unknown[] {
  return at.reduce((inner, key) => (inner as Record<string, unknown>)[key], value) as readonly unknown[]
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by
  if (Array.isArray(value))
    return value.map((inner, index) =>
      String(index) === key ? replaced(inner, rest, by) : (inner as unknown),
    )
  const record = value as Record<string, unknown>
  return { ...record, [key]: replaced(record[key], rest, by) }
}

interface KernelScene {
  readonly seen?: Readonly<Record<string, { readonly namespaces: Readonly<Record<string, object>> }>>
}

function kernelHosts(files: Files): string[] {
  return [...new Set(kernelScenes(files).flatMap(({ seen }) => Object.keys(seen ?? {})))]
}

function namespacesOf(files: Files, host: string): string[] {
  return [...new Set(kernelScenes(files).flatMap(({ seen }) => Object.keys(seen?.[host]?.namespaces ?? {})))]
}

function kernelScenes(files: Files): KernelScene[] {
  return Object.entries(files)
    .filter(([name]) => isKernel(name))
    .map(([, text]) => JSON.parse(text) as KernelScene)
}

function withoutNamespace(files: Files, host: string, name: string): Files {
  return eachKernel(files, (state, of) =>
    of === host
      ? {
          ...state,
          namespaces: Object.fromEntries(Object.entries(state.namespaces).filter(([key]) => key !== name)),
        }
      : state,
  )
}

/** Of the host's own interfaces. */
function withoutMulticast(files: Files): Files {
  return eachKernel(files, (state) => {
    const { root } = state as unknown as { root: { fdb: readonly { mac: string }[] } }
    const fdb = root.fdb.filter(({ mac }) => !/^(33:33|01:00:5e)/.test(mac))
    return { ...state, root: { ...root, fdb } }
  })
}

type State = NonNullable<KernelScene['seen']>[string]

function eachKernel(files: Files, change: (state: State, host: string) => State): Files {
  return mapped(files, (text, name) => {
    if (!isKernel(name)) return text
    const scene = JSON.parse(text) as KernelScene
    const seen = Object.entries(scene.seen ?? {}).map(([host, state]) => [host, change(state, host)])
    return JSON.stringify({ ...scene, seen: Object.fromEntries(seen) as unknown })
  })
}

function changed(files: Files, name: string, change: (value: unknown) => unknown): Files {
  return mapped(files, (text, file) => (file === name ? JSON.stringify(change(JSON.parse(text))) : text))
}

function mapped(files: Files, change: (text: string, name: string) => string): Files {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, change(text, name)]))
}
