import type { ReadyLab } from '../lib/conformance/bring-up.ts'
import type { RequirementRecord } from '../lib/conformance/run-record.ts'
import type { Fault } from '../lib/fault/fault.ts'
import { nodesOf, type Problem, problemKey } from '../lib/observation/problem.ts'
import { causesOfOthers, type FindingSaid, misnamed, type Standing } from './named.ts'

/** What became of the requirements a fault must break, while it was planted and after its removal. */
export interface FaultOutcome {
  readonly fault: string
  readonly description: string
  /** Where it was planted. */
  readonly host: string
  /** Ids that turned fail. */
  readonly fell: readonly string[]
  /** What went otherwise than it must, in words; empty when the fault was caught whole and is gone. */
  readonly problems: readonly string[]
  /**
   * What fails without the fault, too, because the engine violates it; the fault was caught all the same if it brought
   * reasons of its own, which name its host and went with it.
   */
  readonly failsAnyway: readonly string[]
  /** Why each requirement failed, by id. */
  readonly reasons: Readonly<Record<string, string>>
  /** What was found under it. */
  readonly findings: readonly FindingSaid[]
  /** Why no finding can name it, or part of it. */
  readonly unnamed?: readonly string[]
  /** Id of the run under it. */
  readonly run?: string
  readonly seconds: number
  /** What a first try brought, if the lab changed by itself under it, so that it proved nothing. */
  readonly firstTry?: readonly string[]
}

/** A run on the lab as it is. */
export interface VerifiedRun {
  readonly requirements: readonly RequirementRecord[]
  readonly findings: readonly FindingSaid[]
  /** Its id. */
  readonly run?: string
}

/** Verifies these requirements on the lab as it is, and explains what it saw. */
export type Verify = (ids: readonly string[]) => Promise<VerifiedRun>

/** One fault, or several at once, the gravest first. */
export interface Planting {
  readonly name: string
  readonly description: string
  /** Requirements that must turn `fail`, of all of them. */
  readonly breaks: readonly string[]
  readonly faults: readonly Fault[]
}

export function plantingOf(...faults: readonly Fault[]): Planting {
  return {
    name: faults.map(({ name }) => name).join('+'),
    description: faults.map(({ description }) => description.replace(/\.?$/, '.')).join(' '),
    breaks: [...new Set(faults.flatMap(({ breaks }) => breaks))],
    faults,
  }
}

export interface SeeOptions {
  /** Verified under the fault, too. */
  readonly others?: readonly string[]
}

/**
 * Plants faults on a lab, verifies the requirements they must break and others if wanted, removes them and verifies
 * what they break again, and what a cause explains that is none of theirs: the lab may show it without them. They are
 * removed whatever happens.
 */
export async function seeItFail(
  planting: Planting,
  on: ReadyLab,
  verify: Verify,
  { others = [] }: SeeOptions = {},
): Promise<FaultOutcome> {
  const startedAt = performance.now()
  const standing: Standing[] = []
  const removals: (() => Promise<void>)[] = []
  let during: VerifiedRun
  try {
    for (const fault of planting.faults) {
      const { remove, ...at } = await fault.plant(on)
      standing.push({ fault, at })
      removals.push(remove)
    }
    during = await verify([...new Set([...planting.breaks, ...others])])
  } finally {
    await removeAll(removals)
  }
  const ofOthers = causesOfOthers(standing, during.findings).flatMap(({ explains }) => explains)
  const afterwards = await verify([...new Set([...planting.breaks, ...ofOthers])])
  const fell = during.requirements.filter(({ verdict }) => verdict?.outcome === 'fail')
  const reasons = Object.fromEntries(fell.map(({ id, verdict }) => [id, verdict?.reason ?? '']))
  const problems = new Map(fell.map(({ id, verdict }) => [id, verdict?.problems ?? []]))
  const hostsOf = (id: string): string[] =>
    standing.filter(({ fault }) => fault.breaks.includes(id)).map(({ at }) => at.host)
  const failsAnyway = afterwards.requirements.filter((one) =>
    hostsOf(one.id).some((host) => failsOtherwise(one, problems.get(one.id), host)),
  )
  const unnamed = planting.faults.flatMap((fault) => fault.unnamed ?? [])
  return {
    fault: planting.name,
    description: planting.description,
    host: [...new Set(standing.map(({ at }) => at.host))].join('+'),
    fell: fell.map(({ id }) => id),
    problems: [
      ...during.requirements.flatMap((one) => hostsOf(one.id).flatMap((host) => notCaught(one, host))),
      ...afterwards.requirements
        .filter((one) => planting.breaks.includes(one.id) && !failsAnyway.includes(one))
        .flatMap(notRecovered),
      ...misnamed(standing, during.findings, afterwards.findings),
    ],
    failsAnyway: failsAnyway.map(({ id }) => id),
    reasons,
    findings: during.findings.map(said),
    ...(unnamed.length === 0 ? {} : { unnamed }),
    ...(during.run === undefined ? {} : { run: during.run }),
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  }
}

/** The last first; one that fails does not keep the others from going. */
async function removeAll(removals: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = []
  for (const remove of [...removals].reverse()) await remove().catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw errors[0]
}

function said({ code, severity, title, nodes, pairs, explains }: FindingSaid): FindingSaid {
  return { code, severity, title, nodes, pairs, explains }
}

function notCaught({ id, verdict }: RequirementRecord, host: string): string[] {
  if (verdict?.outcome !== 'fail') {
    return [`${id} was ${verdict?.outcome ?? 'not reached'} under the fault: ${verdict?.reason ?? ''}`]
  }
  return verdict.problems.some((problem) => nodesOf(problem).includes(host))
    ? []
    : [`${id} failed without naming ${host}: ${verdict.reason}`]
}

/** Whether a requirement fails without the fault, too, for other problems than those the fault brought to its host. */
function failsOtherwise(
  { verdict }: RequirementRecord,
  under: readonly Problem[] | undefined,
  host: string,
): boolean {
  if (verdict?.outcome !== 'fail' || under === undefined) return false
  const without = new Set(verdict.problems.map(problemKey))
  const own = under.filter((problem) => !without.has(problemKey(problem)))
  return own.some((problem) => nodesOf(problem).includes(host))
}

function notRecovered({ id, verdict }: RequirementRecord): string[] {
  if (verdict?.outcome === 'pass') return []
  return [
    `${id} was ${verdict?.outcome ?? 'not reached'} after the fault was removed: ${verdict?.reason ?? ''}`,
  ]
}
