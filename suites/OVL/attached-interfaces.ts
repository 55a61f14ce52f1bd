import type { Link } from '../../lib/observe/host-state.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { contains, prefixLengthOf } from '../../lib/topology/cidr.ts'
import { gatewayBridgeName } from '../scene/gateway-interface.ts'

/** Subnets by name of network; one that has none is in nothing. */
export type Subnets = Readonly<Record<string, string>>

/** Whose interfaces they are. */
export interface Owner {
  readonly node: string
  readonly service: string
  /** Label of the task. */
  readonly subject: string
}

/** Addresses of networks that a task is not attached to. */
export function foreignAddresses(links: readonly Link[], foreign: Subnets, owner: Owner): Problem[] {
  return links.flatMap((link) =>
    ipv4Of(link).flatMap(({ address }) =>
      networksOf(address, foreign).map((network): Problem => ({
        ...{ ...owner, code: 'address-without-attachment', kind: 'seen', network, address },
        observed: link.name,
      })),
    ),
  )
}

/**
 * How interfaces differ from one for each of these networks. `stated`: what the engine says the task's address on
 * one of them is.
 */
export function attachmentProblems(
  links: readonly Link[],
  attached: Subnets,
  stated: Readonly<Record<string, string>>,
  owner: Owner,
): Problem[] {
  return Object.entries(attached).flatMap(([network, subnet]): Problem[] => {
    const on = links.filter((link) =>
      ipv4Of(link).some(({ address }) => networksOf(address, { [network]: subnet }).length > 0),
    )
    const [only, ...others] = on
    const place = { ...owner, network }
    if (only === undefined)
      return [
        {
          ...{ ...place, kind: 'missed', expected: subnet },
          code: network === gatewayBridgeName ? 'gateway-interface-missing' : 'task-not-attached',
        },
      ]
    if (others.length > 0)
      return [{ ...place, code: 'attached-several-times', kind: 'seen', observed: on.length }]
    return addressProblems(only, { subnet, stated: stated[network] }, place)
  })
}

/** Interfaces with an address of none of these networks, or without any. */
export function strayInterfaces(links: readonly Link[], known: Subnets, owner: Owner): Problem[] {
  return links
    .filter((link) => ipv4Of(link).every(({ address }) => networksOf(address, known).length === 0))
    .map((link) => ({
      ...{ ...owner, code: 'interface-without-network', kind: 'seen' },
      observed: [link.name, ...ipv4Of(link).map(({ address }) => address)].join(' '),
    }))
}

/** Aliases with a prefix length of 32 are virtual IPs and must lie in the subnet of their interface's network. */
function addressProblems(
  link: Link,
  { subnet, stated }: { readonly subnet: string; readonly stated: string | undefined },
  place: Owner & { readonly network: string },
): Problem[] {
  const own = ipv4Of(link)
  const full = own.filter(({ prefixLength }) => prefixLength < 32)
  const otherwise: Problem = {
    ...{ ...place, code: 'engine-states-otherwise', kind: 'seen', observed: stated ?? '' },
    expected: full.map(({ address }) => address).join(', '),
  }
  return [
    ...own
      .filter(
        ({ address, prefixLength }) =>
          !contains(subnet, address) || (prefixLength < 32 && prefixLength !== prefixLengthOf(subnet)),
      )
      .map(({ address, prefixLength }): Problem => ({
        ...{ ...place, code: 'address-outside-subnet', kind: 'seen', expected: subnet },
        observed: `${address}/${prefixLength}`,
      })),
    ...(stated === undefined || full.some(({ address }) => address === stated) ? [] : [otherwise]),
  ]
}

function networksOf(address: string, subnets: Subnets): string[] {
  return Object.entries(subnets)
    .filter(([, subnet]) => subnet !== '' && contains(subnet, address))
    .map(([network]) => network)
}

function ipv4Of({ addresses }: Link) {
  return addresses.filter(({ family }) => family === 'inet')
}
