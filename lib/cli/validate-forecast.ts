import { callTime } from '../conformance/call-time.ts'
import { describeForecast, forecast, type Forecast } from '../conformance/forecast.ts'
import { plannedLab } from '../conformance/planned-lab.ts'
import { overlapBounds } from '../conformance/overlap-bounds.ts'
import { planLabs } from '../conformance/plan.ts'
import type { Suite } from '../conformance/suite.ts'
import { unmetNeeds } from '../conformance/topology-features.ts'
import { wavesOf } from '../conformance/verification-waves.ts'
import type { FoundLab } from '../discovery/find-lab.ts'
import { existingHosts } from '../host/origin.ts'
import { type PairChoice, randomSeed } from '../observation/pair-sample.ts'
import type { Topology } from '../topology/topology.ts'
import { knownRuns } from './known-runs.ts'

export interface ForetoldValidation {
  readonly expected: Forecast
  /** For people. */
  readonly line: string
}

export interface ValidationPlan {
  /** As `withFootprint` gives it. */
  readonly topology: Topology
  readonly found: Pick<FoundLab, 'known'>
  readonly suites: readonly Suite[]
  readonly disruptive: readonly string[]
  readonly flags: {
    readonly pairs?: PairChoice
    readonly serial?: true
    readonly atOnce?: number
    readonly reportDir: string
  }
}

/** What a validation would send and how long it may take, before anything is created: by hosts that lack nothing. */
export async function foretellValidation(plan: ValidationPlan): Promise<ForetoldValidation> {
  const { topology, found, suites, disruptive, flags } = plan
  const [planned] = planLabs(suites, { named: [topology], shipped: [] })
  const bounds = overlapBounds(topology.nodes, { owned: false, ...flags })
  const verified = wavesOf(planned ?? { suites: [] }, bounds).map((wave) =>
    wave.filter(
      (test) =>
        (test.safety === 'production' || disruptive.includes(test.id)) &&
        unmetNeeds(test, topology).length === 0,
    ),
  )
  const lab = plannedLab(topology, flags.pairs ?? randomSeed())
  const expected = await forecast({
    ...{ waves: verified, bounds, lab, known: knownRuns(flags) },
    callMs: await callTime(found.known),
    kind: {
      origin: existingHosts.id,
      nodes: topology.nodes.map(({ name }, index) => ({
        name,
        engineVersion: found.known[index]?.facts.engine.version ?? '',
      })),
    },
  })
  const { pairs: sample } = lab.facts
  const { pairs } = flags
  return {
    expected,
    line: describeForecast(
      expected,
      verified.flat().length,
      // A run that is given none chooses a seed of its own.
      sample && { taken: sample.taken, of: sample.of, ...(typeof pairs === 'number' ? { seed: pairs } : {}) },
    ),
  }
}
