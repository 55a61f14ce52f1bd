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
  /** Endpoints of the network’s own balancer, as the engine lists them: name and address. */
  readonly balancers: readonly { readonly name: string; readonly address: string }[]
  /** IPv4 addresses in the balancer’s namespace on the node; undefined if the kernel has no such namespace. */
  readonly balancerHolds: readonly string[] | undefined
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
  const ofNetwork = one.takesPart ? [...peerProblems(where, one), ...balancerProblems(where, one)] : []
  return [...missing, ...unknown, ...ofNetwork]
}

/** Every node that has the network balances on its own: one endpoint, in a namespace that has its address. */
function balancerProblems(where: string, { balancers, balancerHolds }: Inspected): string[] {
  const [only, ...others] = balancers
  if (only === undefined) return [`${where}: lists no endpoint of the balancer`]
  if (others.length > 0) {
    const all = balancers.map(({ name, address }) => `${name} (${address})`)
    return [`${where}: lists ${all.length} endpoints of the balancer, expected 1: ${all.join(', ')}`]
  }
  if (balancerHolds === undefined)
    return [`${where}: lists ${only.name}, and the kernel has no namespace of it`]
  return balancerHolds.includes(only.address)
    ? []
    : [
        `${where}: lists ${only.name} with ${only.address}, its namespace has ${balancerHolds.join(', ') || 'none'}`,
      ]
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

/** A service’s networks by `service inspect`, and those its tasks are attached to. */
export interface ServiceNetworks {
  readonly service: string
  /** Names. */
  readonly asked: readonly string[]
  readonly tasks: readonly { readonly label: string; readonly networks: readonly string[] }[]
}

/** Tasks that are not on exactly the networks of their service; `ingress` is there for what publishes, and no attachment asked for. */
export function attachmentProblems(
  { service, asked, tasks }: ServiceNetworks,
  ingress: string | undefined,
): string[] {
  const expected = [...asked].sort().join(', ')
  return tasks.flatMap(({ label, networks }) => {
    const got = networks
      .filter((name) => name !== ingress)
      .sort()
      .join(', ')
    return got === expected
      ? []
      : [`${label} is on ${got || 'no overlay'}, service inspect of ${service} says ${expected || 'none'}`]
  })
}
