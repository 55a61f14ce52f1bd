import type { PairSample } from '../observation/facts.ts'
import { earlierLabs, type LabKind } from './earlier-lab.ts'
import { type ExpectedTime, expectedTime } from './expected-time.ts'
import type { OverlapBounds } from './overlap-bounds.ts'
import type { LabRecord, RunRecord } from './run-record.ts'
import { probesOf, type SendingLab } from './sending.ts'
import type { ConformanceTest } from './test.ts'

/** What a run may rest its expectations on. */
export interface Known {
  /** Runs that were stored on this machine, the newest first; those that cannot be read are left out. */
  readonly earlier: () => Promise<readonly RunRecord[]>
  /** All requirements that there are. */
  readonly all: readonly ConformanceTest[]
}

export interface ForecastPlan {
  /** As they are verified; what is skipped is left out. */
  readonly waves: readonly (readonly ConformanceTest[])[]
  readonly bounds: OverlapBounds
  readonly lab: SendingLab
  /** Undefined where its hosts were never verified as they are. */
  readonly kind?: LabKind
  /** What a call on its hosts takes, in ms. */
  readonly callMs?: number | undefined
  /** Its hosts are containers of one machine. */
  readonly sharesKernel?: boolean
  readonly known: Known
}

export type Forecast = NonNullable<LabRecord['expected']>

/** What verifying will send, and how long it is expected to take. */
export async function forecast(plan: ForecastPlan): Promise<Forecast> {
  const { waves, bounds, lab, kind, callMs, sharesKernel = false, known } = plan
  const probes = probesOf(waves.flat(), lab)
  const time: ExpectedTime = expectedTime({
    ...{ waves, bounds, probes, callMs, sharesKernel, nodes: lab.facts.nodes.length },
    earlier: kind === undefined ? [] : earlierLabs(await known.earlier(), kind),
    readsOf: new Map(known.all.map(({ id, reads }) => [id, reads])),
  })
  const atOnce = bounds.requirements
  return { probes, ...time, atOnce, ...(callMs === undefined ? {} : { callMs }) }
}

/** `Verifying 78 requirements with about 1200 probes, expected to take 6 to 7 min`, and what that rests on. */
export function describeForecast(
  { probes, least, most, runs }: Forecast,
  requirements: number,
  pairs: (Pick<PairSample, 'taken' | 'of'> & { readonly seed?: number }) | undefined,
): string {
  const what = `${requirements} ${requirements === 1 ? 'requirement' : 'requirements'}`
  const seed = pairs?.seed === undefined ? '' : ` (seed ${pairs.seed})`
  const sample =
    pairs === undefined ? '' : ` between ${pairs.taken} of ${pairs.of} ordered pairs of nodes${seed}`
  const by = runs === 0 ? 'no earlier run of such a lab' : `${runs} earlier ${runs === 1 ? 'run' : 'runs'}`
  return `Verifying ${what} with ${describeProbes(probes)}${sample}, expected to take ${describeRange(least, most)} (by ${by})`
}

function describeProbes(probes: number): string {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, probes))) - 1)
  const rounded = Math.round(probes / step) * step
  return probes === 0 ? 'no probes' : `about ${rounded} ${rounded === 1 ? 'probe' : 'probes'}`
}

const units = [
  { name: 's', seconds: 1, below: 90, step: 5 },
  { name: 'min', seconds: 60, below: 7200, step: 1 },
  { name: 'h', seconds: 3600, below: Infinity, step: 0.5 },
]

/** Of seconds: `20 to 35 s`, `6 to 7 min`. */
export function describeRange(least: number, most: number): string {
  const { name, seconds, step } = units.find(({ below }) => most < below) ?? {
    name: 's',
    seconds: 1,
    step: 1,
  }
  const low = Math.max(step, step * Math.floor(least / seconds / step))
  const high = step * Math.ceil(most / seconds / step)
  return low >= high ? `at most ${low} ${name}` : `${low} to ${high} ${name}`
}
