import type { NamespaceState } from '../../lib/observe/host-state.ts'

/** An endpoint of a network on another node, and the data-path address of that node. */
export interface RemoteEndpoint {
  readonly name: string
  readonly address: string
  readonly mac: string
  readonly vtep: string
}

/**
 * What is wrong with the tables of one node's namespace of a network, in words. The engine resolves no address
 * by flooding: each remote endpoint needs a permanent neighbour entry and a forwarding entry to its VTEP, and an
 * entry without an endpoint sends traffic astray as soon as its address is given out again.
 */
export function forwardingProblems(
  namespace: Pick<NamespaceState, 'links' | 'neighbours' | 'fdb'>,
  endpoints: readonly RemoteEndpoint[],
): string[] {
  const devices = new Set(namespace.links.filter((link) => link.kind === 'vxlan').map(({ name }) => name))
  if (devices.size === 0) return ['there is no VXLAN device']
  const neighbours = namespace.neighbours.filter((entry) => devices.has(entry.device))
  const forwarding = namespace.fdb.filter(
    (entry) => devices.has(entry.device) && entry.vtep !== undefined && entry.mac !== '00:00:00:00:00:00',
  )
  const problems: string[] = []
  for (const { name, address, mac, vtep } of endpoints) {
    const macs = neighbours.filter((entry) => entry.address === address)
    const right = macs.find((entry) => entry.mac === mac)
    if (macs.length === 0) problems.push(`no neighbour entry for ${name} (${address})`)
    else if (right === undefined)
      problems.push(
        `neighbour entry of ${name} (${address}) has ${macs[0]?.mac ?? 'no MAC'}, expected ${mac}`,
      )
    else if (!right.state.includes('PERMANENT'))
      problems.push(`neighbour entry of ${name} (${address}) is ${right.state}, expected PERMANENT`)

    const vteps = [...new Set(forwarding.filter((entry) => entry.mac === mac).map((entry) => entry.vtep))]
    if (vteps.length === 0) problems.push(`no forwarding entry for ${name} (${mac})`)
    for (const other of vteps.filter((candidate) => candidate !== vtep))
      problems.push(`forwarding entry of ${name} (${mac}) leads to ${other}, expected ${vtep}`)
  }
  const stale = {
    neighbours: neighbours.filter((entry) => !endpoints.some(({ address }) => address === entry.address)),
    forwarding: forwarding.filter((entry) => !endpoints.some(({ mac }) => mac === entry.mac)),
  }
  return [
    ...problems,
    ...stale.neighbours
      .filter((entry) => entry.state.includes('PERMANENT'))
      .map((entry) => `stale neighbour entry ${entry.address} (${entry.mac ?? 'no MAC'})`),
    ...stale.forwarding.map((entry) => `stale forwarding entry ${entry.mac} to ${entry.vtep}`),
  ]
}
