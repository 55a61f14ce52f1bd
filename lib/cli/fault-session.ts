import { FaultLab, type FaultLabOptions } from '../../suites/fault-lab.ts'
import { suites } from '../../suites/index.ts'
import type { Planting } from '../../suites/seen-to-fail.ts'
import { bringUp, type ReadyLab, resume } from '../conformance/bring-up.ts'
import { keptLab } from '../conformance/kept-lab.ts'
import { disruptiveLast, only, type PlannedLab, planLabs } from '../conformance/plan.ts'
import { conformanceRun } from '../conformance/run.ts'
import { observationReader } from '../conformance/stored-files.ts'
import type { ConformanceTest } from '../conformance/test.ts'
import { defaultTimeLimitMs } from '../conformance/time-limit.ts'
import { unmetNeeds } from '../conformance/topology-features.ts'
import { diagnose } from '../diagnosis/diagnosis.ts'
import type { HostProvider, Lab } from '../host/host.ts'
import { existingHostsProvider } from '../host/ssh/existing-hosts.ts'
import { version } from '../package-root.ts'
import type { Progress } from '../progress.ts'
import { findTopology, listTopologies } from '../topology/find-topology.ts'

export interface SessionOptions {
  readonly provider: HostProvider
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly reportDir: string
  /** Verified under every fault, too. */
  readonly others: readonly string[]
}

/** The labs that faults find what they break on; `names` or those that are shipped. */
export function labsFor(chosen: readonly Planting[], names: readonly string[] = []): PlannedLab[] {
  const broken = brokenBy(chosen)
  const named = names.map((name) => findTopology(name))
  const fits = (test: ConformanceTest): boolean =>
    named.length === 0 || named.some((topology) => unmetNeeds(test, topology).length === 0)
  const selected = only(suites, (test) => broken.has(test.id) && fits(test))
  return planLabs(selected, { named, shipped: listTopologies() })
}

/** Of what faults break, what no lab of the plan has what it needs for; sentences. */
export function notOnLabs(chosen: readonly Planting[], labs: readonly PlannedLab[]): string[] {
  const there = new Set(labs.flatMap((lab) => lab.suites.flatMap(({ tests }) => tests.map(({ id }) => id))))
  return chosen.flatMap(({ name, breaks }) => {
    const left = breaks.filter((id) => !there.has(id))
    if (left.length === 0) return []
    const all = left.length === breaks.length ? '; the fault is not planted' : ''
    return [`${name}: ${left.join(', ')} cannot be verified on the labs that were chosen${all}`]
  })
}

/** Faults under which no node leaves the swarm: a lab that stands can go on after them. */
export function withoutRejoining(chosen: readonly Planting[]): readonly Planting[] {
  return chosen.filter(({ faults }) => !faults.some(({ rejoins }) => rejoins))
}

/** Why others of those that were chosen are not planted on a lab that stands; sentences. */
export function notOnStanding(chosen: readonly Planting[], planned: PlannedLab): string[] {
  const able = withoutRejoining(chosen)
  return [
    ...chosen
      .filter((one) => !able.includes(one))
      .map(({ name }) => `${name}: a node leaves the swarm under it; it is not planted on a lab that stands`),
    ...notOnLabs(able, [planned]),
  ]
}

/** What is broken and can be verified on a lab that stands, without disrupting it. */
export function standingPlan({ topology }: Lab, chosen: readonly Planting[]): PlannedLab {
  const broken = brokenBy(chosen)
  const fits = (test: ConformanceTest): boolean =>
    broken.has(test.id) && test.safety !== 'lab' && unmetNeeds(test, topology).length === 0
  return { name: topology.name, topology, suites: only(suites, fits) }
}

function brokenBy(chosen: readonly Planting[]): Set<string> {
  return new Set(chosen.flatMap(({ breaks }) => breaks))
}

/** What a fault breaks here: what leaves the lab as it is together, each of the others on a lab of its own. */
export function onOneLab({ breaks }: Planting, planned: PlannedLab): string[][] {
  const here = only(planned.suites, ({ id }) => breaks.includes(id)).flatMap(({ tests }) => tests)
  const harmless = here.filter(({ safety }) => safety !== 'lab').map(({ id }) => id)
  const disruptive = here.filter(({ safety }) => safety === 'lab').map(({ id }) => [id])
  return [...(harmless.length === 0 ? [] : [harmless]), ...disruptive]
}

/** A lab of a plan that is brought up for the faults, and again where one left it changed. */
export function raisedSession({ topology }: PlannedLab, options: SessionOptions): FaultLab {
  const { progress, signal } = options
  // Until it is raised it is nobody's else.
  let coming: Lab | undefined
  return new FaultLab({
    ...sharedOptions(topology, options),
    raise: async () => {
      try {
        const common = { ...options, fresh: false }
        return await bringUp(topology, { ...common, runId: 'faults', onLab: (lab) => (coming = lab) })
      } catch (error) {
        await coming?.[Symbol.asyncDispose]()
        throw error
      }
    },
    resume: ({ lab, built }) => resume(topology, lab, built, { progress, signal }),
    seeAgain: async ({ lab, built }) => ({ ...(await keptLab(lab, { progress })), built }),
  })
}

/** A lab that stands and goes on standing: never restarted, put back by taking away what was planted, and by nothing else. */
export function standingSession(lab: Lab, options: SessionOptions): FaultLab {
  const raise = (): Promise<ReadyLab> => keptLab(lab, options)
  return new FaultLab({
    ...sharedOptions(lab.topology, { ...options, provider: existingHostsProvider }),
    raise,
    resume: raise,
    seeAgain: raise,
    leave: async () => undefined,
  })
}

function sharedOptions(
  topology: PlannedLab['topology'],
  { provider, progress, signal, reportDir, others }: SessionOptions,
): Omit<FaultLabOptions, 'raise' | 'resume' | 'seeAgain'> {
  return {
    ...{ progress, signal, others },
    isDisruptive: (id) => only(suites, (test) => test.safety === 'lab' && test.id === id).length > 0,
    async verify(raised, ids) {
      const { record, store } = await conformanceRun({
        ...{ provider, progress, signal, topology, raised, reportDir },
        fresh: false,
        suites: disruptiveLast(only(suites, ({ id }) => ids.includes(id))),
        ...{ keep: false, callerRestoresLab: true },
        timeoutMs: defaultTimeLimitMs,
        bail: false,
        reproduce: 'swarmproof faults',
        version: version(),
        onVerdict: () => undefined,
      })
      signal.throwIfAborted()
      record.findings = diagnose(record, observationReader(store.folder, record))
      store.save()
      return { requirements: record.requirements, findings: record.findings, run: record.runId }
    },
  }
}
