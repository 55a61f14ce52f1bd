import { median } from '../median.ts'
import type { EarlierLab } from './earlier-lab.ts'
import type { OverlapBounds } from './overlap-bounds.ts'
import type { ConformanceTest } from './test.ts'
import { paceOf, usualSeconds } from './usual-seconds.ts'
import { fitsBeside } from './verifying-ahead.ts'

export interface TimePlan {
  /** As they are verified; what is skipped is left out. */
  readonly waves: readonly (readonly ConformanceTest[])[]
  readonly bounds: OverlapBounds
  readonly nodes: number
  /** That they send together. */
  readonly probes: number
  /** Labs of the same kind, the newest first. */
  readonly earlier: readonly EarlierLab[]
  /** Scenes of all requirements that earlier runs may have verified, by id. */
  readonly readsOf: ReadonlyMap<string, readonly string[]>
  /** What a call on these hosts takes, in ms. */
  readonly callMs?: number | undefined
  readonly sharesKernel?: boolean
}

/** How long verifying is expected to take, in seconds. */
export interface ExpectedTime {
  readonly seconds: number
  /** Between which it is expected to be. */
  readonly least: number
  readonly most: number
  /** Earlier runs that it rests on; 0: on the table of usual times alone. */
  readonly runs: number
}

const mostRuns = 5
/** By what part the time may be missed: with one run to rest on, with several, with none, and at most with any. */
const margins = { one: 0.25, several: 0.15, none: 0.5 }
/** Hosts that send at a time; see docs/bounds.md. */
const sendersAtOnce = 25
/** What a host sends within the times of the table; each probe beyond that adds so many seconds. */
const usualProbesPerHost = 400
const secondsPerProbe = 0.05

/** Read before anything is verified. */
const madeBefore = ['kernel', 'swarm-objects']

/**
 * Of each requirement the median of the newest runs of such a lab, or what it usually takes where none verified it; side
 * by side as they will be. Whoever reads a scene first makes it.
 */
export function expectedTime(plan: TimePlan): ExpectedTime {
  const tests = plan.waves.flat()
  const makes = scenesMade(tests.map(({ id, reads }) => ({ id, reads })))
  const known = plan.earlier
    .filter(({ atOnce = plan.bounds.requirements }) => atOnce === plan.bounds.requirements)
    .map((run) => secondsIn(run, tests, makes, plan))
    .filter(({ size }) => size > 0)
    .slice(0, mostRuns)
  const usual = new Map(tests.map((test) => [test.id, usualSeconds(test, makes.get(test.id) ?? [], plan)]))
  const expected = new Map(
    tests.map(({ id }) => {
      const took = known.flatMap((run) => run.get(id) ?? [])
      return [id, took.length > 0 ? median(took) : (usual.get(id) ?? 0)]
    }),
  )
  const together = secondsTogether(plan, expected)
  const seconds = together + (known.length > 0 ? 0 : secondsOfSending(plan))
  const each = known.map((run) => secondsTogether(plan, new Map([...expected, ...run])))
  const apart = Math.max(0, ...each.map((one) => Math.abs(one - together) / Math.max(1, together)))
  const ofRuns = Math.min(margins.none, Math.max(known.length > 1 ? margins.several : margins.one, apart))
  const unknown = tests.filter(({ id }) => !known.some((run) => run.has(id)))
  const guessed = unknown.reduce((sum, { id }) => sum + (expected.get(id) ?? 0), 0)
  const all = [...expected.values()].reduce((sum, one) => sum + one, 0)
  const margin = ofRuns + (margins.none - ofRuns) * (all > 0 ? guessed / all : 0)
  return {
    seconds: Math.round(seconds),
    least: Math.round(seconds * (1 - margin)),
    most: Math.round(seconds * (1 + margin)),
    runs: known.length,
  }
}

function secondsOfSending({ probes, nodes }: TimePlan): number {
  const perHost = probes / Math.max(1, Math.min(nodes, sendersAtOnce))
  return secondsPerProbe * Math.max(0, perHost - usualProbesPerHost)
}

interface Reading {
  readonly id: string
  readonly reads: readonly string[]
}

/** Keys of the scenes that each makes because it is the first that reads them. */
function scenesMade(inOrder: readonly Reading[]): ReadonlyMap<string, readonly string[]> {
  const made = new Set(madeBefore)
  return new Map(
    inOrder.map(({ id, reads }) => {
      const own = reads.filter((key) => !made.has(key))
      for (const key of own) made.add(key)
      return [id, own]
    }),
  )
}

/**
 * What these requirements took in an earlier run, by id, in seconds, at the pace of the hosts now. Where one makes a
 * scene that another made then, it takes the other's time besides; one whose scene was not made then is left out.
 */
function secondsIn(
  { verified, callMs: thenMs }: EarlierLab,
  tests: readonly ConformanceTest[],
  makes: ReadonlyMap<string, readonly string[]>,
  { readsOf, callMs }: Pick<TimePlan, 'readsOf' | 'callMs'>,
): ReadonlyMap<string, number> {
  const pace = callMs === undefined || thenMs === undefined ? 1 : paceOf(callMs, thenMs)
  const took = new Map(verified.map(({ id, seconds }) => [id, seconds]))
  const madeThen = scenesMade(verified.map(({ id }) => ({ id, reads: readsOf.get(id) ?? [] })))
  const makerOf = new Map([...madeThen].flatMap(([id, keys]) => keys.map((key) => [key, id] as const)))
  return new Map(
    tests.flatMap(({ id }): [string, number][] => {
      const makers = (makes.get(id) ?? []).map((key) => makerOf.get(key))
      const together = new Set([id, ...makers])
      const parts = [...together].map((one) => (one === undefined ? undefined : took.get(one)))
      const seconds = parts.reduce(
        (sum, one) => (sum === undefined || one === undefined ? undefined : sum + one),
        0,
      )
      return seconds === undefined ? [] : [[id, pace * seconds]]
    }),
  )
}

/** As `VerifyingAhead` verifies them: in seconds, from the first to the last. */
function secondsTogether({ waves, bounds }: TimePlan, seconds: ReadonlyMap<string, number>): number {
  let now = 0
  for (const wave of waves) {
    const waiting = [...wave]
    const underWay = new Map<ConformanceTest, number>()
    while (waiting.length + underWay.size > 0) {
      for (const test of [...waiting]) {
        if (!fitsBeside(test, [...underWay.keys()], bounds)) continue
        waiting.splice(waiting.indexOf(test), 1)
        underWay.set(test, now + (seconds.get(test.id) ?? 0))
      }
      now = Math.min(...underWay.values())
      for (const [test, until] of underWay) if (until <= now) underWay.delete(test)
    }
  }
  return now
}
