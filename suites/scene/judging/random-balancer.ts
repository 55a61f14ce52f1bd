import type { Problem } from '../../../lib/observation/problem.ts'
import type { NamespaceState, NftRule } from '../../../lib/observe/host-state.ts'
import { noValue } from '../../../lib/observe/nftables.ts'
import type { KernelSeen } from '../../../lib/conformance/kernel-scene.ts'
import type { Backend, BalancerPlace } from './balancer.ts'

type Balancing = Pick<NamespaceState, 'ipvs' | 'nftables'>

/** What was not seen where rules choose at random and do not say from what. */
export const whomItLists = 'which tasks a balancer of nftables rules chooses from'

/** One address that a balancer of nftables chooses at random for packets to a virtual IP. */
export interface RandomBackend {
  readonly vip: string
  readonly address: string
}

/**
 * Whether a namespace balances by rules of nftables that choose a task at random, without IPVS (moby/moby#53125): its
 * shares are those of chance, not of turns.
 */
export function choosesAtRandom(state: Balancing | undefined): boolean {
  return state !== undefined && state.ipvs.length === 0 && randomRules(state).length > 0
}

/** Whether a balancer of that name chooses at random on one of the nodes. */
export function someChooseAtRandom(seen: KernelSeen, namespace: string): boolean {
  return Object.values(seen).some(({ namespaces }) => choosesAtRandom(namespaces[namespace]))
}

/**
 * What the rules of a balancer that chooses at random choose from, by virtual IP; undefined where they do not choose at
 * random, or do not say from what.
 */
export function randomBackends(state: Balancing | undefined): readonly RandomBackend[] | undefined {
  if (state === undefined || !choosesAtRandom(state)) return undefined
  const rules = randomRules(state)
  if (!rules.every(saysWhereTo)) return undefined
  return rules.flatMap(({ leadsTo = '', conditions }) =>
    conditions
      .filter(({ left }) => left === 'ip daddr')
      .flatMap(({ values }) => values.filter((value) => value !== noValue))
      .map((vip) => ({ vip, address: leadsTo.split(':')[0] ?? '' })),
  )
}

function randomRules({ nftables = [] }: Balancing): NftRule[] {
  return nftables.flatMap(({ rules }) => rules.filter(({ random }) => random === true))
}

function saysWhereTo({ leadsTo, conditions }: NftRule): boolean {
  const matchesNothing = conditions.some(({ values }) => values.includes(noValue))
  const isRead = conditions.length > 0 && conditions.every(({ values }) => values.length > 0)
  return matchesNothing || (isRead && leadsTo !== undefined && !leadsTo.includes('?'))
}

/** How a balancer that chooses at random differs from the running tasks. */
export function randomBalancingProblems(
  chosen: readonly RandomBackend[],
  vip: string,
  backends: readonly Backend[],
  place: BalancerPlace,
): Problem[] {
  const own = new Set(chosen.filter((one) => one.vip === vip).map(({ address }) => address))
  if (own.size === 0 && backends.length > 0)
    return [{ ...place, code: 'balancer-not-set-up', kind: 'missed' }]
  return [
    ...backends
      .filter(({ address }) => !own.has(address))
      .map(({ name, address }): Problem => {
        return { ...place, code: 'balancer-lacks-task', kind: 'missed', address, subject: name }
      }),
    ...[...own]
      .filter((address) => !backends.some((backend) => backend.address === address))
      .map((address): Problem => ({ ...place, code: 'balancer-lists-stranger', kind: 'seen', address })),
  ]
}
