/** What a subnet of a new network could be in the way of on one host. All blocks are IPv4. */
interface OccupiedBlocks {
  readonly host: string
  /** Destinations of routes of every table, but default routes; CIDR, or an address without a prefix length. */
  readonly routes: readonly string[]
  /** Its own addresses, and those of its nameservers. */
  readonly addresses: readonly string[]
  /** Subnets of its Docker networks, of any scope. */
  readonly networks: readonly string[]
  /** Where its engine takes subnets from for networks that are given none. */
  readonly localPools: readonly string[]
}

/** What is in use on one host, as far as a stack could be in its way. */
export interface OccupiedHost extends OccupiedBlocks {
  /** TCP and UDP ports that a socket is bound to, a container publishes, or a NAT rule names. */
  readonly ports: readonly number[]
  /** Ports its kernel gives to outgoing connections, first and last. */
  readonly ephemeral: readonly [number, number]
}

/** Empty where there is no swarm yet. */
interface OccupiedSwarmBlocks {
  /** Where networks without a subnet of their own get one from. */
  readonly pools: readonly string[]
  /** Subnets of its networks. */
  readonly networks: readonly string[]
}

/** What is in use in a swarm; empty where there is none yet. */
export interface OccupiedSwarm extends OccupiedSwarmBlocks {
  /** Ports its services publish, in any mode. */
  readonly ports: readonly number[]
}

export interface Occupied {
  readonly hosts: readonly OccupiedHost[]
  readonly swarm: OccupiedSwarm
}

/** What of it a subnet is chosen by. */
export interface OccupiedSubnets {
  readonly hosts: readonly OccupiedBlocks[]
  readonly swarm: OccupiedSwarmBlocks
}
