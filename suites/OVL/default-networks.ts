export interface ListedNetwork {
  readonly name: string
  readonly driver: string
  readonly scope: string
}

/** What every node has after init or join. */
export const defaultNetworkList: readonly ListedNetwork[] = [
  { name: 'ingress', driver: 'overlay', scope: 'swarm' },
  { name: 'docker_gwbridge', driver: 'bridge', scope: 'local' },
]

/** How a node's networks differ from those two, in words. */
export function deviations(
  networks: readonly ListedNetwork[],
  expected: readonly ListedNetwork[] = defaultNetworkList,
): string[] {
  return expected.flatMap(({ name, driver, scope }) => {
    const found = networks.find((network) => network.name === name)
    if (found === undefined) return [`${name} does not exist`]
    if (found.driver === driver && found.scope === scope) return []
    return [`${name} is ${found.driver}, scope ${found.scope}; expected ${driver}, scope ${scope}`]
  })
}
