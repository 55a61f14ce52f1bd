import { outcomeSeen, type ProbeSeen } from '../../../lib/observation/probe-seen.ts'
import type { Problem } from '../../../lib/observation/problem.ts'

/** A name that a task asked its resolver for. */
export interface Asked {
  readonly name: string
  readonly probe: ProbeSeen
}

type Place = Pick<Problem, 'network' | 'service'>

/** How an answer differs from the running tasks that the name should list; `expected`: their labels by address. */
export function nameProblems(
  asked: Asked,
  expected: ReadonlyMap<string, string>,
  place: Place = {},
): Problem[] {
  const where = placeOf(asked, place)
  const addresses = asked.probe.dns?.addresses ?? []
  const refused = refusal(asked, where)
  if (refused !== undefined) return [refused]
  return [
    ...[...expected]
      .filter(([address]) => !addresses.includes(address))
      .map(([address, subject]): Problem => {
        return { ...where, code: 'name-lacks-task', kind: 'missed', address, subject }
      }),
    ...[...new Set(addresses)]
      .filter((address) => !expected.has(address))
      .map((address): Problem => ({ ...where, code: 'name-lists-stranger', kind: 'seen', address })),
    ...twice(addresses, where),
  ]
}

/** How an answer differs from the one virtual IP that the name should have. */
export function virtualIpProblems(asked: Asked, vip: string, place: Place = {}): Problem[] {
  const where = placeOf(asked, place)
  const addresses = asked.probe.dns?.addresses ?? []
  const refused = refusal(asked, where)
  if (refused !== undefined) return [refused]
  return [
    ...(addresses.includes(vip)
      ? []
      : [{ ...where, code: 'virtual-ip-not-resolved', kind: 'missed', address: vip } as const]),
    ...[...new Set(addresses)]
      .filter((address) => address !== vip)
      .map((address): Problem => {
        return { ...where, code: 'virtual-ip-not-alone', kind: 'seen', address, expected: vip }
      }),
    ...twice(addresses, where),
  ]
}

/** For looks that are repeated: without times, by which alone two looks that saw the same would differ. */
export function withoutTimes({ name, probe }: Asked): Asked {
  return { name, probe: { ...probe, attempts: [], elapsedMs: 1000 * Math.round(probe.elapsedMs / 1000) } }
}

/** What was answered, for a table: one entry a question. */
export function answersTable(asked: readonly Asked[]) {
  return asked.map(({ name, probe: { from, dns, outcome } }) => ({
    task: from,
    name,
    ...(dns === undefined ? { outcome } : { rcode: dns.rcode, addresses: dns.addresses.toSorted() }),
  }))
}

/** The engine of the asking task answers. */
function placeOf({ name, probe }: Asked, place: Place): Omit<Problem, 'code' | 'kind'> {
  return { ...place, node: probe.fromNode, ends: { from: probe.from, to: name } }
}

function refusal({ probe }: Asked, where: Omit<Problem, 'code' | 'kind'>): Problem | undefined {
  if (probe.dns === undefined)
    return { ...where, code: 'name-not-answered', kind: 'missed', observed: outcomeSeen(probe) }
  return probe.dns.rcode === 'NOERROR'
    ? undefined
    : { ...where, code: 'name-refused', kind: 'missed', observed: probe.dns.rcode }
}

function twice(addresses: readonly string[], where: Omit<Problem, 'code' | 'kind'>): Problem[] {
  return [...new Set(addresses.filter((address, index) => addresses.indexOf(address) !== index))].map(
    (address) => ({ ...where, code: 'name-lists-twice', kind: 'seen', address }),
  )
}
