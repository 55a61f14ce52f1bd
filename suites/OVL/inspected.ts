/** One network as one engine shows it, beside what the swarm's API says of that node. */
export interface Inspected {
  readonly node: string
  readonly network: string
  /** Address by container id, of tasks; load balancers are not among them. */
  readonly listed: ReadonlyMap<string, string>
  readonly peers: readonly string[]
  /** The node's tasks on the network, by container id. */
  readonly tasks: ReadonlyMap<string, { readonly label: string; readonly address: string }>
  /** Addresses of the nodes that take part in the network. */
  readonly members: ReadonlyMap<string, string>
  /** Whether the node itself takes part. */
  readonly takesPart: boolean
}

/** Where the engine and the API differ, in words. */
export function disagreements(one: Inspected): string[] {
  const where = `${one.node}, network ${one.network}`
  const missing = [...one.tasks].flatMap(([id, { label, address }]) => {
    const listed = one.listed.get(id)
    if (listed === undefined) return [`${where}: does not list ${label} (${address})`]
    return listed === address
      ? []
      : [`${where}: lists ${label} with ${listed}, the API says ${address === '' ? 'none' : address}`]
  })
  const unknown = [...one.listed]
    .filter(([id]) => !one.tasks.has(id))
    .map(
      ([id, address]) =>
        `${where}: lists container ${id.slice(0, 12)} (${address}), which is no task of the API`,
    )
  return [...missing, ...unknown, ...(one.takesPart ? peerProblems(where, one) : [])]
}

function peerProblems(where: string, { peers, members }: Inspected): string[] {
  return [
    ...[...members]
      .filter(([address]) => !peers.includes(address))
      .map(
        ([address, name]) => `${where}: ${name} (${address}) runs a task on it and is not among its peers`,
      ),
    ...peers
      .filter((address) => !members.has(address))
      .map((address) => `${where}: peer ${address} runs no task on it`),
  ]
}
