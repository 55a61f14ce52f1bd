import type { HostState, NamespaceState, NftRule } from './host-state.ts'
import { noValue } from './nftables.ts'

type Balancing = Pick<NamespaceState, 'ipvs' | 'nftables'>

/** One address that a balancer of nftables chooses at random for packets to a virtual IP, or to a published port. */
export interface RandomBackend {
  readonly vip?: string
  /** `tcp 8080`. */
  readonly port?: string
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
export function someChooseAtRandom(
  seen: Readonly<Record<string, Pick<HostState, 'namespaces'>>>,
  namespace: string,
): boolean {
  return Object.values(seen).some(({ namespaces }) => choosesAtRandom(namespaces[namespace]))
}

/**
 * What the rules of a balancer that chooses at random choose from; undefined where they do not choose at random, or do not
 * say from what.
 */
export function randomBackends(state: Balancing | undefined): readonly RandomBackend[] | undefined {
  if (state === undefined || !choosesAtRandom(state)) return undefined
  const rules = randomRules(state)
  if (!rules.every(saysWhereTo)) return undefined
  return rules.flatMap(({ leadsTo = '', conditions }): RandomBackend[] => {
    const [address = ''] = leadsTo.split(':')
    const valuesOf = (left: string): readonly string[] =>
      conditions
        .filter((one) => one.left === left)
        .flatMap(({ values }) => values.filter((value) => value !== noValue))
    return [
      ...valuesOf('ip daddr').map((vip) => ({ vip, address })),
      ...valuesOf('th dport').flatMap((dport) =>
        valuesOf('meta l4proto').map((protocol) => ({ port: `${protocol} ${dport}`, address })),
      ),
    ]
  })
}

function randomRules({ nftables = [] }: Balancing): NftRule[] {
  return nftables.flatMap(({ rules }) => rules.filter(({ random }) => random === true))
}

function saysWhereTo({ leadsTo, conditions }: NftRule): boolean {
  const matchesNothing = conditions.some(({ values }) => values.includes(noValue))
  const isRead = conditions.length > 0 && conditions.every(({ values }) => values.length > 0)
  return matchesNothing || (isRead && leadsTo !== undefined && !leadsTo.includes('?'))
}
