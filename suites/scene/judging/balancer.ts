import type { Problem } from '../../../lib/observation/problem.ts'
import type { IpvsService, NamespaceState } from '../../../lib/observe/host-state.ts'

/** A task as a balancer should know it. */
export interface Backend {
  readonly name: string
  readonly address: string
}

/** What is wrong with the IPVS service of a mark, in words: it must list exactly the backends, round robin, in use. */
export function balancerProblems(
  { ipvs }: Pick<NamespaceState, 'ipvs'>,
  mark: number,
  backends: readonly Backend[],
): string[] {
  const service: IpvsService | undefined = ipvs.find(({ firewallMark }) => firewallMark === mark)
  if (service === undefined) return [`no IPVS service for firewall mark ${mark}`]
  const { scheduler, destinations } = service
  const problems = scheduler === 'rr' ? [] : [`scheduler ${scheduler}, expected rr`]
  for (const { name, address } of backends) {
    const known = destinations.filter((destination) => destination.address === address)
    if (known.length === 0) problems.push(`does not list ${name} (${address})`)
    if (known.some(({ weight }) => weight === 0)) problems.push(`lists ${name} (${address}) with weight 0`)
  }
  return [
    ...problems,
    ...destinations
      .filter(({ address }) => !backends.some((backend) => backend.address === address))
      .map(({ address }) => `lists ${address}, which is not a running task of the service`),
  ]
}

/** Where a balancer is: its node, the service it balances to, its network, and the address packets are marked for. */
export type BalancerPlace = Pick<Problem, 'node' | 'network' | 'service' | 'address' | 'port' | 'protocol'>

/**
 * The same as problems. A namespace that does not exist is for whoever looked for it to tell; without a mark nothing
 * is balanced.
 */
export function balancingProblems(
  ipvs: readonly IpvsService[],
  mark: number | null | undefined,
  backends: readonly Backend[],
  place: BalancerPlace,
): Problem[] {
  if (mark === undefined || mark === null) return [{ ...place, code: 'balancer-not-set-up', kind: 'missed' }]
  const service = ipvs.find(({ firewallMark }) => firewallMark === mark)
  if (service === undefined) return [{ ...place, code: 'balancer-lacks-service', kind: 'missed' }]
  const { scheduler, destinations } = service
  return [
    ...schedulerProblems(scheduler, place),
    ...backends.flatMap(({ name, address }): Problem[] => {
      const known = destinations.filter((destination) => destination.address === address)
      const where = { ...place, address, subject: name }
      if (known.length === 0) return [{ ...where, code: 'balancer-lacks-task', kind: 'missed' }]
      return known.some(({ weight }) => weight === 0)
        ? [{ ...where, code: 'balancer-weight-zero', kind: 'seen' }]
        : []
    }),
    ...destinations
      .filter(({ address }) => !backends.some((backend) => backend.address === address))
      .map(({ address }): Problem => {
        return { ...place, code: 'balancer-lists-stranger', kind: 'seen', address }
      }),
  ]
}

function schedulerProblems(scheduler: string, place: BalancerPlace): Problem[] {
  const where = { ...place, code: 'balancer-scheduler-differs', kind: 'seen' } as const
  return scheduler === 'rr' ? [] : [{ ...where, expected: 'rr', observed: scheduler }]
}
