import type { Problem } from '../../lib/observation/problem.ts'
import { groupBy } from '../scene/judging/group-by.ts'

/** Somebody who has an address on a network, as one source tells it. */
export interface Claim {
  readonly network: string
  readonly address: string
  readonly kind: 'gateway' | 'virtual-ip' | 'task' | 'endpoint' | 'namespace'
  /** Who has it, unique within the source together with kind and node; several claims of one holder are one. */
  readonly holder: string
  /** Name of the node it is on; the gateway and virtual IPs are on none alone. */
  readonly node?: string
}

/** Addresses that more than one holder has on one network, each with all its holders. */
export function sharedAddresses(source: string, claims: readonly Claim[]): Problem[] {
  return [...groupBy(claims, ({ network, address }) => `${address} ${network}`).values()].flatMap((group) => {
    const holders = [...groupBy(group, describe).values()].flatMap((same) => same.slice(0, 1))
    const [first] = holders
    if (first === undefined || holders.length < 2) return []
    const nodes = [...new Set(holders.flatMap(({ node }) => node ?? []))]
    const [one, other] = nodes
    return [
      {
        ...{ code: 'address-held-twice', kind: 'seen', network: first.network, address: first.address },
        ...{ subject: holders.map(describe).join(' and by '), observed: source },
        ...(one === undefined
          ? {}
          : other === undefined
            ? { node: one }
            : { path: { from: one, to: other } }),
      } satisfies Problem,
    ]
  })
}

/** e.g. `task 3x7… of swp-web@worker1`; the same for the same holder. */
function describe({ kind, holder, node }: Claim): string {
  return `${kind} ${holder}${node === undefined ? '' : `@${node}`}`
}
