import type { ReadyLab } from '../lib/conformance/bring-up.ts'
import type { RequirementRecord } from '../lib/conformance/run-record.ts'
import type { Fault } from '../lib/fault/fault.ts'
import { nodesOf, type Problem, problemKey } from '../lib/observation/problem.ts'

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
  readonly seconds: number
  /** What a first try brought, if the lab changed by itself under it, so that it proved nothing. */
  readonly firstTry?: readonly string[]
}

/** Verifies these requirements on the lab as it is. */
export type Verify = (ids: readonly string[]) => Promise<readonly RequirementRecord[]>

/**
 * Plants a fault on a lab, verifies the requirements it must break and others if wanted, removes it and verifies
 * them again. The fault is removed whatever happens.
 */
export async function seeItFail(
  fault: Fault,
  on: ReadyLab,
  verify: Verify,
  others: readonly string[] = [],
): Promise<FaultOutcome> {
  const startedAt = performance.now()
  const planted = await fault.plant(on)
  let during: readonly RequirementRecord[]
  try {
    during = await verify([...new Set([...fault.breaks, ...others])])
  } finally {
    await planted.remove()
  }
  const afterwards = await verify(fault.breaks)
  const fell = during.filter(({ verdict }) => verdict?.outcome === 'fail')
  const reasons = Object.fromEntries(fell.map(({ id, verdict }) => [id, verdict?.reason ?? '']))
  const problems = new Map(fell.map(({ id, verdict }) => [id, verdict?.problems ?? []]))
  const failsAnyway = afterwards.filter((one) => failsOtherwise(one, problems.get(one.id), planted.host))
  return {
    fault: fault.name,
    description: fault.description,
    host: planted.host,
    fell: fell.map(({ id }) => id),
    problems: [
      ...during.filter(({ id }) => fault.breaks.includes(id)).flatMap((one) => notCaught(one, planted.host)),
      ...afterwards.filter((one) => !failsAnyway.includes(one)).flatMap(notRecovered),
    ],
    failsAnyway: failsAnyway.map(({ id }) => id),
    reasons,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  }
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
