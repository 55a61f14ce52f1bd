import type { Problem } from '../../../lib/observation/problem.ts'
import type { RandomBackend } from '../../../lib/observe/random-balancer.ts'
import type { Backend, BalancerPlace } from './balancer.ts'

/** What was not seen where rules choose at random and do not say from what. */
export const whomItLists = 'which tasks a balancer of nftables rules chooses from'

/** How a balancer that chooses at random differs from the running tasks. */
export function randomBalancingProblems(
  chosen: readonly RandomBackend[],
  to: string | { readonly protocol: string; readonly publishedPort: number },
  backends: readonly Backend[],
  place: BalancerPlace,
): Problem[] {
  const isFor = ({ vip, port }: RandomBackend): boolean =>
    typeof to === 'string' ? vip === to : port === `${to.protocol} ${to.publishedPort}`
  const own = new Set(chosen.filter(isFor).map(({ address }) => address))
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
