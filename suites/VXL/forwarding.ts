import type { Problem } from '../../lib/observation/problem.ts'
import type { NamespaceState } from '../../lib/observe/host-state.ts'

/** An endpoint of a network on another node, and the data-path address of that node. */
export interface RemoteEndpoint {
  /** A label: of a task, of a node's load balancer, or of a container. */
  readonly name: string
  /** Name of its node. */
  readonly node: string
  readonly address: string
  readonly mac: string
  readonly vtep: string
}

/** Tables of a network's namespace. */
export type ForwardingTables = Pick<NamespaceState, 'links' | 'neighbours' | 'fdb'>

/** Whose tables they are. */
interface Where {
  readonly node: string
  readonly network: string
  readonly vni: number
}

/**
 * What is wrong with the tables of one node's namespace of a network. The engine resolves no address by flooding: each
 * remote endpoint needs a permanent neighbour entry and a forwarding entry to its VTEP, and an entry without an endpoint
 * sends traffic to the wrong node as soon as its address is given out again.
 */
export function forwardingProblems(
  tables: ForwardingTables,
  endpoints: readonly RemoteEndpoint[],
  { node, network, vni }: Where,
): Problem[] {
  const where = { node, network }
  const devices = new Set(tables.links.filter((link) => link.kind === 'vxlan').map(({ name }) => name))
  if (devices.size === 0) return [{ ...where, code: 'vxlan-device-missing', kind: 'missed', expected: vni }]
  const neighbours = tables.neighbours.filter((entry) => devices.has(entry.device))
  const forwarding = tables.fdb.filter(
    (entry) => devices.has(entry.device) && entry.vtep !== undefined && entry.mac !== '00:00:00:00:00:00',
  )
  const staleNeighbours = neighbours.filter(
    (entry) =>
      entry.state.includes('PERMANENT') && !endpoints.some(({ address }) => address === entry.address),
  )
  const staleForwarding = forwarding.filter((entry) => !endpoints.some(({ mac }) => mac === entry.mac))
  return [
    ...endpoints.flatMap((endpoint) =>
      [...neighbourProblems(endpoint, neighbours), ...vtepProblems(endpoint, forwarding)].map(
        (problem): Problem => ({ ...where, path: { from: node, to: endpoint.node }, ...problem }),
      ),
    ),
    ...staleNeighbours.map(({ address, mac }): Problem => ({
      ...{ ...where, code: 'neighbour-stale', kind: 'seen', address, observed: mac ?? 'no MAC' },
    })),
    ...staleForwarding.map(({ mac, vtep }): Problem => ({
      ...{ ...where, code: 'forwarding-stale', kind: 'seen', address: mac, observed: vtep ?? '' },
    })),
  ]
}

function neighbourProblems(
  { name: subject, address, mac }: RemoteEndpoint,
  neighbours: ForwardingTables['neighbours'],
): Problem[] {
  const known = neighbours.filter((entry) => entry.address === address)
  const right = known.find((entry) => entry.mac === mac)
  if (known.length === 0) return [{ code: 'neighbour-missing', kind: 'missed', subject, address }]
  if (right === undefined)
    return [
      {
        ...{ code: 'neighbour-differs', kind: 'seen', subject, address },
        ...{ observed: known[0]?.mac ?? 'no MAC', expected: mac },
      },
    ]
  return right.state.includes('PERMANENT')
    ? []
    : [{ code: 'neighbour-not-permanent', kind: 'seen', subject, address, observed: right.state }]
}

function vtepProblems(
  { name: subject, mac, vtep }: RemoteEndpoint,
  forwarding: ForwardingTables['fdb'],
): Problem[] {
  const vteps = [...new Set(forwarding.filter((entry) => entry.mac === mac).map((entry) => entry.vtep ?? ''))]
  if (vteps.length === 0) return [{ code: 'forwarding-missing', kind: 'missed', subject, address: mac }]
  return vteps
    .filter((other) => other !== vtep)
    .map((observed): Problem => ({
      ...{ code: 'forwarding-differs', kind: 'seen', subject, address: mac, observed, expected: vtep },
    }))
}
