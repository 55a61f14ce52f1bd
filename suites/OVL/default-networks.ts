import type { ListedNetwork } from '../../lib/swarm/form-swarm.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

/** What every node has after init or join. */
export const defaultNetworkList: readonly ListedNetwork[] = [
  { name: 'ingress', driver: 'overlay', scope: 'swarm' },
  { name: gatewayBridgeName, driver: 'bridge', scope: 'local' },
]

/** When a node was looked at: before any service, while the stack was built, or now. */
export type When = 'at first' | 'now'

const codes = {
  'at first': { missing: 'network-missing-at-first', differs: 'network-form-differed-at-first' },
  now: { missing: 'network-missing', differs: 'network-form-differs' },
} as const

/** How a node's networks differ from those two. */
export function deviations(
  node: string,
  networks: readonly ListedNetwork[],
  when: When,
  expected: readonly ListedNetwork[] = defaultNetworkList,
): Problem[] {
  return expected.flatMap((wanted): Problem[] => {
    const { name: network } = wanted
    const found = networks.find(({ name }) => name === network)
    if (found === undefined) return [{ code: codes[when].missing, kind: 'missed', node, network }]
    if (formOf(found) === formOf(wanted)) return []
    return [
      {
        ...{ code: codes[when].differs, kind: 'seen', node, network },
        ...{ expected: formOf(wanted), observed: formOf(found) },
      },
    ]
  })
}

export function formOf({ driver, scope }: Pick<ListedNetwork, 'driver' | 'scope'>): string {
  return `${driver}, scope ${scope}`
}
