import type { Problem } from '../../lib/observation/problem.ts'

/** One network as one engine shows it, beside what the swarm's API says of that node. Plain JSON. */
export interface Inspected {
  readonly node: string
  readonly network: string
  /** Address by container id, of tasks; load balancers are not among them. */
  readonly listed: Readonly<Record<string, string>>
  readonly peers: readonly string[]
  /** The node's tasks on the network, by container id. */
  readonly tasks: Readonly<Record<string, { readonly label: string; readonly address: string }>>
  /** Names of the nodes that take part in the network, by their addresses. */
  readonly members: Readonly<Record<string, string>>
  /** Whether the node itself takes part. */
  readonly takesPart: boolean
  /** Endpoints of the network’s own balancer, as the engine lists them: name and address. */
  readonly balancers: readonly { readonly name: string; readonly address: string }[]
  /** File name of the balancer’s namespace. */
  readonly balancerNamespace: string
  /**
   * IPv4 addresses in that namespace on the node; null if the kernel has no such namespace, undefined where it could not
   * be read.
   */
  readonly balancerHolds?: readonly string[] | null
}

/** Where the engine and the API differ. */
export function disagreements(one: Inspected): Problem[] {
  const where = { node: one.node, network: one.network }
  const tasks = Object.entries(one.tasks).flatMap(([id, { label: subject, address }]): Problem[] => {
    const listed = one.listed[id]
    if (listed === undefined)
      return [{ ...where, code: 'endpoint-not-listed', kind: 'missed', subject, address }]
    return listed === address
      ? []
      : [
          {
            ...{ ...where, code: 'endpoint-address-differs', kind: 'seen', subject },
            ...{ expected: address || 'none', observed: listed || 'none' },
          },
        ]
  })
  const unknown = Object.entries(one.listed)
    .filter(([id]) => one.tasks[id] === undefined)
    .map(([id, address]): Problem => ({
      ...{ ...where, code: 'endpoint-without-task', kind: 'seen', subject: id.slice(0, 12), address },
    }))
  return [...tasks, ...unknown, ...(one.takesPart ? [...peerProblems(one), ...balancerProblems(one)] : [])]
}

/** Every node that has the network balances on its own: one endpoint, in a namespace that has its address. */
function balancerProblems(one: Inspected): Problem[] {
  const { node, network, balancers, balancerNamespace, balancerHolds } = one
  const where = { node, network }
  const [only, ...others] = balancers
  if (only === undefined) return [{ ...where, code: 'balancer-endpoint-missing', kind: 'missed' }]
  if (others.length > 0) {
    const subject = balancers.map(({ name, address }) => `${name} (${address})`).join(', ')
    return [
      {
        ...{ ...where, code: 'balancer-endpoint-not-single', kind: 'seen', subject },
        observed: balancers.length,
      },
    ]
  }
  if (balancerHolds === undefined) return []
  if (balancerHolds === null)
    return [{ ...where, code: 'balancer-missing', kind: 'missed', subject: balancerNamespace }]
  if (balancerHolds.includes(only.address)) return []
  return [
    {
      ...{ ...where, code: 'balancer-address-differs', kind: 'seen', subject: only.name },
      ...{ expected: only.address, observed: balancerHolds.join(', ') || 'none' },
    },
  ]
}

/** What a node does not know of another, that one's gossip did not bring it. */
function peerProblems({ node, network, peers, members }: Inspected): Problem[] {
  const where = { node, network }
  return [
    ...Object.entries(members)
      .filter(([address]) => !peers.includes(address))
      .map(([address, name]): Problem => ({
        ...{ ...where, code: 'network-peer-missing', kind: 'missed', subject: name, address },
        ...(name === node ? {} : { path: { from: name, to: node } }),
      })),
    ...peers
      .filter((address) => members[address] === undefined)
      .map((address): Problem => ({ ...where, code: 'network-peer-stale', kind: 'seen', address })),
  ]
}

/** A service’s networks by `service inspect`, and those its tasks are attached to. */
export interface ServiceNetworks {
  readonly service: string
  /** Names. */
  readonly asked: readonly string[]
  readonly tasks: readonly {
    readonly label: string
    readonly node: string
    readonly networks: readonly string[]
  }[]
}

/** Tasks that are not on exactly the networks of their service; `ingress` is there for what publishes, and no attachment asked for. */
export function attachmentProblems(
  { service, asked, tasks }: ServiceNetworks,
  ingress: string | undefined,
): Problem[] {
  const expected = asked.toSorted().join(', ') || 'none'
  return tasks.flatMap(({ label, node, networks }): Problem[] => {
    const observed =
      networks
        .filter((name) => name !== ingress)
        .toSorted()
        .join(', ') || 'none'
    return observed === expected
      ? []
      : [{ code: 'attachment-differs', kind: 'seen', node, service, subject: label, expected, observed }]
  })
}
