import { contains, networkOf, overlaps, prefixLengthOf } from '../../lib/topology/cidr.ts'

/** A network that got its addresses from the engine, not from whoever made it. */
export interface Assigned {
  readonly name: string
  readonly subnet: string
  readonly gateway: string
}

export interface Used {
  /** e.g. `virtual IP of web`, `island@worker1`. */
  readonly who: string
  readonly address: string
}

/** The gateway must be a host's address of the subnet, and nobody's. */
export function gatewayProblems({ name, subnet, gateway }: Assigned, used: readonly Used[]): string[] {
  if (gateway === '') return [`${name} (${subnet}) was assigned no gateway`]
  if (!contains(subnet, gateway)) return [`the gateway ${gateway} of ${name} is outside its subnet ${subnet}`]
  return [
    ...(gateway === firstAddress(subnet)
      ? [`the gateway ${gateway} of ${name} is its subnet’s own address`]
      : []),
    ...used
      .filter(({ address }) => address === gateway)
      .map(({ who }) => `${who} has ${gateway}, which is the gateway of ${name}`),
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
): string[] {
  return [
    ...(askedFor === undefined || stated === askedFor
      ? []
      : [`${manager} states mask length ${stated} for the swarm, expected ${askedFor}`]),
    ...networks
      .filter(({ subnet }) => prefixLengthOf(subnet) !== stated)
      .map(
        ({ name, subnet }) =>
          `${manager} assigned ${name} ${subnet}, the mask length it states for the swarm is ${stated}`,
      ),
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

/** What a subnet shares addresses with: networks other than its own, and routes of hosts. */
export function overlapProblems(
  { id, name, subnet }: Assigned & { readonly id: string },
  networks: readonly OtherNetwork[],
  routes: readonly OtherRoute[],
): string[] {
  return [
    ...networks
      .filter((other) => other.id !== id && overlaps(other.subnet, subnet))
      .map(
        (other) => `${subnet} of ${name} overlaps network ${other.name} (${other.subnet}) on ${other.node}`,
      ),
    ...routes
      .filter(({ destination }) => overlaps(destination, subnet))
      .map(
        ({ node, destination, device }) =>
          `${subnet} of ${name} overlaps route ${destination} dev ${device} on ${node}`,
      ),
  ]
}
