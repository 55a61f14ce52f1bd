import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { median } from '../../lib/median.ts'

/** What one run sent, recorded and waited for; see `counting.js`. */
export interface Counted {
  /** `planned`: outside of looks and in the first look of a bound; `again`: in the others, as many as waiting took. */
  readonly probes: { readonly planned: number; readonly again: number }
  readonly canaries: { readonly sent: number; readonly readBack: number }
  /** By the bound in milliseconds: the pauses between two looks, waits, looks that were made. */
  readonly bounds: Readonly<Record<string, CountedBound>>
  readonly sshBytes: number
  /** What verified it, e.g. `26.1.5, runc`; empty where it was not asked. */
  readonly engine: string
  /** Of its run.json. */
  readonly requirements: Readonly<Record<string, CountedRequirement>>
}

interface CountedBound {
  readonly pausesMs: readonly number[]
  readonly waits: number
  readonly looks: number
}

interface CountedRequirement {
  readonly outcome: string
  /** Of its measurements, e.g. `30000 ms`, sorted. */
  readonly bounds: readonly string[]
}

/** A count of both commits. */
export interface ComparedCount {
  readonly what: string
  readonly earlier: number | string
  readonly now: number | string
  /** It is lower than the earlier commit's, or is another where both must be the same. */
  readonly fails: boolean
  /** The record in docs/decisions that gives the reason. */
  readonly decision?: string
}

/** Why a count may be lower, and by how much. */
export interface Reason {
  /** Case of the benchmark, e.g. `quick`. */
  readonly of: string
  /** Of `ComparedCount`. */
  readonly what: string
  readonly byAtMost: number
  /** A record in docs/decisions. */
  readonly decision: string
}

/** Whatever else is lower than the earlier commit's fails the benchmark. */
export const decided: readonly Reason[] = [
  { of: 'quick', what: 'probes', byAtMost: 3, decision: '0032-datagrams-out-of-the-overlays.md' },
]

type OfProcess = Omit<Counted, 'engine' | 'requirements'>

/** Of all processes of one run together. `reports` is the folder of `--report-dir`. */
export function readCounted(folder: string, reports: string, engine = ''): Counted {
  const files = readdirSync(folder).map(
    (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as OfProcess,
  )
  const sum = (of: (one: OfProcess) => number): number => files.reduce((total, one) => total + of(one), 0)
  const bounds: Record<string, CountedBound> = {}
  for (const [bound, one] of files.flatMap((file) => Object.entries(file.bounds))) {
    const other = bounds[bound] ?? { pausesMs: [], waits: 0, looks: 0 }
    bounds[bound] = {
      pausesMs: [...new Set([...other.pausesMs, ...one.pausesMs])],
      waits: one.waits + other.waits,
      looks: one.looks + other.looks,
    }
  }
  const run = join(reports, 'latest', 'run.json')
  return {
    probes: { planned: sum(({ probes }) => probes.planned), again: sum(({ probes }) => probes.again) },
    canaries: {
      sent: sum(({ canaries }) => canaries.sent),
      readBack: sum(({ canaries }) => canaries.readBack),
    },
    bounds,
    sshBytes: sum(({ sshBytes }) => sshBytes),
    engine,
    requirements: existsSync(run) ? countRequirements(JSON.parse(readFileSync(run, 'utf8'))) : {},
  }
}

interface AnyRun {
  readonly requirements: readonly {
    readonly id: string
    readonly verdict?: {
      readonly outcome: string
      readonly evidence: readonly { readonly kind: string; readonly unit?: string; readonly bound?: number }[]
    }
  }[]
}

/** Of run.json, schema version 2 or 3: both hold bounds beside what was measured, among the evidence. */
export function countRequirements(run: unknown): Record<string, CountedRequirement> {
  return Object.fromEntries(
    (run as AnyRun).requirements.map(({ id, verdict }) => [
      id,
      {
        outcome: verdict?.outcome ?? 'unreached',
        bounds: (verdict?.evidence ?? [])
          .filter(({ kind, bound }) => kind === 'measurement' && bound !== undefined)
          .map(({ bound, unit }) => `${bound} ${unit}`)
          .sort(),
      },
    ]),
  )
}

/** The counts of both commits over the runs of one case, by its name. */
export function compareCounts(
  name: string,
  earlier: readonly Counted[],
  now: readonly Counted[],
  reasons: readonly Reason[] = decided,
): readonly ComparedCount[] {
  const compared = (what: string, of: (one: Counted) => number, isJudged = true): ComparedCount => {
    const both = medians(of)
    const lower = both.earlier - both.now
    const decision = reasons.find(
      (reason) => reason.of === name && reason.what === what && lower <= reason.byAtMost,
    )?.decision
    const fails = isJudged && lower > 0
    return { what, ...both, fails, ...(fails && decision !== undefined ? { decision } : {}) }
  }
  const medians = (of: (one: Counted) => number): { earlier: number; now: number } => ({
    earlier: median(earlier.map(of)),
    now: median(now.map(of)),
  })
  const waits = (of: (one: CountedBound) => number) => (one: Counted) =>
    Object.values(one.bounds).reduce((sum, bound) => sum + of(bound), 0)
  return [
    sameEngine(earlier, now),
    compared('requirements that passed', ({ requirements }) => passed(requirements).length),
    compared('probes', ({ probes }) => probes.planned),
    compared('probes sent again while waiting (not judged)', ({ probes }) => probes.again, false),
    compared('canaries sent', ({ canaries }) => canaries.sent),
    compared('canaries read back', ({ canaries }) => canaries.readBack),
    compared(
      'waits (not judged)',
      waits(({ waits: count }) => count),
      false,
    ),
    compared(
      'looks made while waiting (not judged)',
      waits(({ looks }) => looks),
      false,
    ),
    ...looksPerBound(earlier, now),
    ...statedBounds(earlier, now),
  ]
}

/** Another engine or container runtime is another lab: nothing is compared then. */
function sameEngine(earlier: readonly Counted[], now: readonly Counted[]): ComparedCount {
  const of = (all: readonly Counted[]): string => [...new Set(all.map(({ engine }) => engine))].join(' / ')
  return {
    what: 'engine, container runtime',
    earlier: of(earlier),
    now: of(now),
    fails: of(earlier) !== of(now),
  }
}

const passed = (requirements: Counted['requirements']): string[] =>
  Object.keys(requirements).filter((id) => requirements[id]?.outcome === 'pass')

/**
 * As many as a pause leaves room for within a bound: how many were made depends on how soon the first one sees what is awaited.
 * Several kinds of waits may have one bound and different pauses, and which of them occur differs from run to run: for each
 * pause of the earlier commit there must be one now that is as short. Bounds that only one of the two commits waited for are not
 * compared.
 */
function looksPerBound(earlier: readonly Counted[], now: readonly Counted[]): ComparedCount[] {
  const pauses = (all: readonly Counted[], bound: string): number[] =>
    [...new Set(all.flatMap(({ bounds }) => bounds[bound]?.pausesMs ?? []))].sort((a, b) => a - b)
  const bounds = [...new Set(earlier.flatMap((one) => Object.keys(one.bounds)))]
  return bounds
    .sort((a, b) => Number(a) - Number(b))
    .flatMap((bound) => {
      const [before, after] = [pauses(earlier, bound), pauses(now, bound)]
      if (before.length === 0 || after.length === 0) return []
      const looks = (all: readonly number[]): string =>
        all.map((pause) => 1 + Math.floor(Number(bound) / pause)).join(', ')
      return [
        {
          what: `looks within a bound of ${Number(bound) / 1000} s`,
          earlier: looks(before),
          now: looks(after),
          fails: Math.min(...after) > Math.min(...before),
        },
      ]
    })
}

/** Of requirements that passed in some run of both: only then all of it was measured. Another bound counts as a lower count. */
function statedBounds(earlier: readonly Counted[], now: readonly Counted[]): ComparedCount[] {
  const of = (all: readonly Counted[], id: string): readonly string[] | undefined =>
    all.map(({ requirements }) => requirements[id]).find((one) => one?.outcome === 'pass')?.bounds
  const ids = [...new Set(earlier.flatMap(({ requirements }) => passed(requirements)))]
  const both = ids.flatMap((id) => {
    const [before, after] = [of(earlier, id), of(now, id)]
    return before === undefined || after === undefined ? [] : [{ id, before, after }]
  })
  const count = (lists: readonly (readonly string[])[]): number => lists.flat().length
  const all = {
    earlier: count(both.map(({ before }) => before)),
    now: count(both.map(({ after }) => after)),
  }
  return [
    { what: 'bounds of what was measured', ...all, fails: all.now < all.earlier },
    ...both.flatMap(({ id, before, after }) => {
      const rest = without(after, before)
      if (rest.missing.length === 0) return []
      return [{ what: `bounds of ${id}`, earlier: before.join(', '), now: after.join(', '), fails: true }]
    }),
  ]
}

/** What of `wanted` is not in `list`, each counted as often as it is there. */
function without(
  list: readonly string[],
  wanted: readonly string[],
): { readonly missing: readonly string[] } {
  const left = [...list]
  return {
    missing: wanted.filter((one) => {
      const at = left.indexOf(one)
      if (at >= 0) left.splice(at, 1)
      return at < 0
    }),
  }
}
