import type { Problem } from '../../lib/observation/problem.ts'
import { contains, networkOf, overlaps, prefixLengthOf } from '../../lib/topology/cidr.ts'
import { isDefaultLike } from '../../lib/topology/default-like.ts'

/** A network that got its addresses from the engine, not from whoever made it. */
export interface Assigned {
  readonly id: string
  readonly name: string
  readonly subnet: string
  readonly gateway: string
}

export interface Used {
  /** e.g. `virtual IP of web`, `island@worker1`. */
  readonly who: string
  /** Where the address is; undefined for what is on no node in particular. */
  readonly node?: string
  readonly address: string
}

/** The gateway must be a host's address of the subnet, and nobody's. */
export function gatewayProblems(
  manager: string,
  { name: network, subnet, gateway }: Assigned,
  used: readonly Used[],
): Problem[] {
  const where = { node: manager, network, kind: 'seen' } as const
  if (gateway === '') return [{ ...where, code: 'gateway-not-assigned', kind: 'missed' }]
  if (!contains(subnet, gateway))
    return [{ ...where, code: 'gateway-outside-subnet', expected: subnet, observed: gateway }]
  return [
    ...(gateway === firstAddress(subnet)
      ? [{ ...where, code: 'gateway-is-subnet-address', address: gateway } as const]
      : []),
    ...used
      .filter(({ address }) => address === gateway)
      .map(({ who, node = manager }): Problem => ({
        ...{ ...where, code: 'gateway-address-used', node, subject: who, address: gateway },
      })),
  ]
}

function firstAddress(subnet: string): string {
  return networkOf(subnet).split('/')[0] ?? ''
}

/** Docker docs, "Using custom default address pools": /24 unless set. */
export const usualMaskLength = 24

export interface MaskLength {
  /** As a manager states it for the swarm. */
  readonly stated: number
  /** What the swarm was made with; undefined where that is not known. */
  readonly askedFor: number | undefined
}

/** Every subnet that was assigned has the mask length of the swarm, and that is the one asked for. */
export function maskProblems(
  manager: string,
  { stated, askedFor }: MaskLength,
  networks: readonly Assigned[],
): Problem[] {
  const where = { node: manager, kind: 'seen' } as const
  return [
    ...(askedFor === undefined || stated === askedFor
      ? []
      : [{ ...where, code: 'swarm-mask-length-differs', expected: askedFor, observed: stated } as const]),
    ...networks
      .filter(({ subnet }) => prefixLengthOf(subnet) !== stated)
      .map(({ name: network, subnet }): Problem => ({
        ...{ ...where, code: 'subnet-mask-length-differs', network, address: subnet, expected: stated },
      })),
  ]
}

export interface OtherNetwork {
  readonly node: string
  readonly id: string
  readonly name: string
  readonly subnet: string
}

export interface OtherRoute {
  readonly node: string
  readonly destination: string
  readonly device: string
}

/** What a subnet shares addresses with: networks other than its own, and routes of hosts that are no default routes. */
export function overlapProblems(
  { id, name: network, subnet: address }: Assigned,
  networks: readonly OtherNetwork[],
  routes: readonly OtherRoute[],
): Problem[] {
  const where = { kind: 'seen', network, address } as const
  return [
    ...networks
      .filter((other) => other.id !== id && overlaps(other.subnet, address))
      .map(({ node, name: subject, subnet: observed }): Problem => ({
        ...{ ...where, code: 'subnet-overlaps-network', node, subject, observed },
      })),
    ...routes
      .filter(({ destination }) => !isDefaultLike(destination) && overlaps(destination, address))
      .map(({ node, destination, device }): Problem => ({
        ...{ ...where, code: 'subnet-overlaps-route', node, subject: `${destination} dev ${device}` },
      })),
  ]
}
