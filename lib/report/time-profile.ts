import type { LabRecord, RequirementRecord, RunRecord, StepRecord } from '../conformance/run-record.ts'
import { runMilliseconds } from './time.ts'

/** Where the time of a run went. Shares are of `totalMs`; what ran side by side may add up to more than 1. */
export interface TimeProfile {
  readonly totalMs: number
  /** In no step and no requirement. */
  readonly betweenMs: number
  /** Steps of the same name on the same lab together, the longest first. */
  readonly steps: readonly StepTime[]
  /** Those that were reached, the longest first. */
  readonly requirements: readonly RequirementTime[]
  /** What was expected of verifying each lab, and what became of it; of labs of which something was expected. */
  readonly expectations?: readonly Expectation[]
}

export interface Expectation {
  readonly lab: string
  readonly expected: NonNullable<LabRecord['expected']>
  /** Not there where verifying did not come to its end. */
  readonly verified?: NonNullable<LabRecord['verified']>
}

export interface StepTime {
  readonly what: string
  readonly lab?: string
  /** While it was under way on any host. */
  readonly durationMs: number
  readonly share: number
  /** How often it was made, each host counted. */
  readonly times: number
  /** The sum of each host, the longest first; empty if it is not of single hosts. */
  readonly hosts: readonly { readonly host: string; readonly durationMs: number }[]
}

export interface RequirementTime {
  readonly id: string
  readonly lab: string
  readonly durationMs: number
  readonly share: number
}

/** What took time. */
interface Timed {
  readonly startedAt?: string
  readonly durationMs?: number
}

export function timeProfileOf(record: RunRecord): TimeProfile {
  const expectations = record.labs.flatMap(({ name: lab, expected, verified }) =>
    expected === undefined ? [] : [{ lab, expected, ...(verified === undefined ? {} : { verified }) }],
  )
  return {
    ...profileTime(record.steps, record.requirements, runMilliseconds(record)),
    ...(expectations.length === 0 ? {} : { expectations }),
  }
}

export function profileTime(
  steps: readonly StepRecord[],
  requirements: readonly RequirementRecord[],
  totalMs: number,
): TimeProfile {
  const share = (durationMs: number): number => (totalMs > 0 ? durationMs / totalMs : 0)
  const sameSteps = new Map<string, StepRecord[]>()
  for (const step of steps) {
    const key = JSON.stringify([step.lab, step.what])
    sameSteps.set(key, [...(sameSteps.get(key) ?? []), step])
  }
  return {
    totalMs,
    betweenMs: Math.max(0, totalMs - coveredMs([...steps, ...requirements])),
    steps: longestFirst([...sameSteps.values()].map((same) => stepTime(same, share))),
    requirements: longestFirst(
      requirements.flatMap(({ id, lab, durationMs }) =>
        durationMs === undefined ? [] : [{ id, lab, durationMs, share: share(durationMs) }],
      ),
    ),
  }
}

function stepTime(same: readonly StepRecord[], share: (durationMs: number) => number): StepTime {
  const [first] = same
  const durationMs = coveredMs(same)
  const hosts = new Map<string, number>()
  for (const { host, durationMs } of same)
    if (host !== undefined) hosts.set(host, (hosts.get(host) ?? 0) + durationMs)
  return {
    what: first?.what ?? '',
    ...(first?.lab === undefined ? {} : { lab: first.lab }),
    durationMs,
    share: share(durationMs),
    times: same.length,
    hosts: longestFirst([...hosts].map(([host, durationMs]) => ({ host, durationMs }))),
  }
}

/** How long at least one of them was under way. */
function coveredMs(parts: readonly Timed[]): number {
  const spans = parts
    .map(({ startedAt = '', durationMs = 0 }) => ({ from: Date.parse(startedAt), durationMs }))
    .filter(({ from }) => Number.isFinite(from))
    .sort((a, b) => a.from - b.from)
  let covered = 0
  let end = -Infinity
  for (const { from, durationMs } of spans) {
    const to = from + durationMs
    covered += Math.max(0, to - Math.max(from, end))
    end = Math.max(end, to)
  }
  return covered
}

function longestFirst<T extends { readonly durationMs: number }>(parts: readonly T[]): T[] {
  return [...parts].sort((a, b) => b.durationMs - a.durationMs)
}
