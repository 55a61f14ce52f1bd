import { contains, networkOf } from './cidr.ts'

interface HeldAddress {
  readonly address: string
  readonly prefixLength: number
  readonly interface: string
}

export interface AdvertisingNode {
  readonly name: string
  readonly isManager: boolean
  /** The address that the swarm knows it by. */
  readonly advertised: string
  /** Its own addresses, of whatever interface. */
  readonly held: readonly HeldAddress[]
}

/** A node that is known by an address of another network than the others, although it has one in theirs. */
export interface OtherKindOfAddress {
  readonly node: string
  readonly advertised: string
  /** The interface that has it; undefined where none has. */
  readonly interface?: string
  /** The network the others advertise addresses of, or `interface NAME` where they have none in common; and their names. */
  readonly network: string
  readonly others: readonly string[]
  /** Its address in that network. */
  readonly instead: HeldAddress
}

/**
 * Nodes that advertise an address of another kind than the rest. A node whose network no other shares may be routed to;
 * one that has an address in the network of the others and advertises another one has been given the wrong one. Of as
 * many on either side those with the first manager count as the rest.
 */
export function otherKindsOfAddress(nodes: readonly AdvertisingNode[]): OtherKindOfAddress[] {
  const known = nodes.map((node) => ({
    ...node,
    at: node.held.find((one) => one.address === node.advertised),
  }))
  const blocks = known.flatMap(({ at }) =>
    at === undefined ? [] : [networkOf(`${at.address}/${at.prefixLength}`)],
  )
  // An interface may have an address of the network with another prefix length, such as one that moves between nodes.
  const networks = [...new Set(blocks)].map(
    (network) => [network, known.filter(({ advertised }) => contains(network, advertised))] as const,
  )
  const outside = (members: typeof known) => known.filter((node) => !members.includes(node))
  const within = (network: string, node: AdvertisingNode): HeldAddress | undefined =>
    node.held.find(({ address }) => address !== node.advertised && contains(network, address))
  const rests = networks.filter(
    ([network, members]) =>
      members.length < known.length && outside(members).every((node) => within(network, node) !== undefined),
  )
  const leads = (members: typeof known): number => Number(members.includes(known.find(isManager) as never))
  const [rest] = rests.toSorted(([, a], [, b]) => b.length - a.length || leads(b) - leads(a))
  if (rest === undefined) return []
  const [network, members] = rest
  const others = outside(members)
  if (others.length > members.length) return apartFrom(others, members)
  return others.flatMap((node) => {
    const instead = within(network, node)
    return instead === undefined ? [] : [otherKind(node, { network, instead, others: members })]
  })
}

type KnownNode = AdvertisingNode & { readonly at: HeldAddress | undefined }

/**
 * Few that advertise addresses of one network, whereas those of most have no network in common, as hosts with a prefix
 * of 32 bits: by the interface that most advertise from.
 */
function apartFrom(most: readonly KnownNode[], few: readonly KnownNode[]): OtherKindOfAddress[] {
  const names = [...new Set(most.map(({ at }) => at?.interface))]
  const [name] = names
  if (name === undefined || names.length > 1) return []
  return few.flatMap((node) => {
    const instead = node.held.find((one) => one.interface === name)
    return node.at?.interface === name || instead === undefined
      ? []
      : [otherKind(node, { network: `interface ${name}`, instead, others: most })]
  })
}

function otherKind(
  { name, advertised, at }: KnownNode,
  { others, ...rest }: { network: string; instead: HeldAddress; others: readonly KnownNode[] },
): OtherKindOfAddress {
  return {
    ...{ node: name, advertised, ...rest, others: others.map((one) => one.name) },
    ...(at === undefined ? {} : { interface: at.interface }),
  }
}

function isManager(node: AdvertisingNode): boolean {
  return node.isManager
}
