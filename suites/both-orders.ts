import type { ReadyLab } from '../lib/conformance/bring-up.ts'
import { conformanceRun, type RunOptions } from '../lib/conformance/run.ts'
import type { RequirementRecord } from '../lib/conformance/run-record.ts'
import { selectTests } from '../lib/conformance/selection.ts'
import type { Fault } from '../lib/fault/fault.ts'
import type { Topology } from '../lib/topology/topology.ts'
import { suites } from './index.ts'

export interface BothOrdersOptions extends RunOptions {
  readonly topology: Topology
  /** All of the standard profile where none are given. */
  readonly only: readonly string[]
  /** Planted for both runs and removed behind them. */
  readonly fault?: Fault
}

export interface BothOrders {
  /** Seconds of each run. */
  readonly seconds: { readonly serial: number; readonly sideBySide: number }
  /** Requirements of which the verdicts differ, with both. */
  readonly differing: readonly string[]
}

/** Verifies a lab that stands one after another, and side by side, and compares what came of it. */
export async function inBothOrders(raised: ReadyLab, options: BothOrdersOptions): Promise<BothOrders> {
  const verify = async (serial: boolean) => {
    const startedAt = performance.now()
    const { record } = await conformanceRun({
      ...options,
      ...{
        raised,
        ...(serial ? { serial } : { atOnce: 4 }),
        suites: selectTests(suites, { only: options.only }),
      },
    })
    return {
      requirements: record.requirements,
      seconds: Math.round((performance.now() - startedAt) / 1000),
    }
  }
  const planted = await options.fault?.plant(raised)
  try {
    const sideBySide = await verify(false)
    const serial = await verify(true)
    return {
      seconds: { serial: serial.seconds, sideBySide: sideBySide.seconds },
      differing: differingVerdicts(serial.requirements, sideBySide.requirements),
    }
  } finally {
    await planted?.remove()
  }
}

type Judged = Pick<RequirementRecord, 'id' | 'verdict'>

/** By outcome and codes of problems; figures, and which of several places was seen first, differ from run to run. */
export function differingVerdicts(serial: readonly Judged[], sideBySide: readonly Judged[]): string[] {
  const others = new Map(sideBySide.map((one) => [one.id, toldOf(one)]))
  return serial
    .map((one) => ({ id: one.id, told: toldOf(one), other: others.get(one.id) ?? 'not verified' }))
    .filter(({ told, other }) => told !== other)
    .map(({ id, told, other }) => `${id}: ${told} one after another, ${other} side by side`)
}

function toldOf({ verdict }: Judged): string {
  const codes = [...new Set((verdict?.problems ?? []).map(({ code }) => code))].sort()
  return [verdict?.outcome ?? 'not reached', ...codes].join(' ')
}
