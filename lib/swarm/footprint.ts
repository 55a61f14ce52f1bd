import { SwarmproofError } from '../error.ts'
import type { LoadedImage } from '../loaded-image.ts'
import type { OverlaySpec, Topology } from '../topology/topology.ts'
import { freeBlock, fromEndOf } from './free-block.ts'
import type { Occupied, OccupiedSubnets } from './occupied.ts'
import { prefixFor } from '../topology/room-for-nodes.ts'
import { defaultDataPathPort, gossipPort, managementPort } from '../topology/swarm-defaults.ts'

/** What a stack takes of a swarm that is somebody's: names, subnets and ports that nobody has. */
export interface Footprint {
  /** `swp-` and four characters by chance. */
  readonly prefix: string
  readonly clear: OverlaySpec
  readonly secret: OverlaySpec
  /** Four, in the order of `StackSpec.ports`. */
  readonly ports: readonly number[]
}

/** Without those that are taken for one another. */
export const prefixLetters = 'abcdefghijkmnpqrstuvwxyz23456789'

/** Private ones first; behind them what carriers and benchmarks use (RFC 6598, RFC 2544), which hosts seldom reach. */
const ranges = ['172.16.0.0/12', '10.0.0.0/8', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15']
/** What a swarm takes subnets from that was given no pool, or is still to be made. */
const usualSwarmPool = '10.0.0.0/8'

/**
 * Ports are looked for here first: below the usual ephemeral ports, and below those that swarm gives to services that
 * name none (30000 to 32767).
 */
const portRanges = [
  [20_000, 29_999],
  [10_000, 19_999],
  [61_000, 65_000],
  [1_024, 9_999],
] as const

const portCount = 4

/** Ports of the swarm itself and of VXLAN. */
const reservedPorts = [managementPort, defaultDataPathPort, gossipPort]

/**
 * Chooses a prefix, two subnets with room for all hosts that overlap no route, address, nameserver, Docker network or pool of any host, and no
 * network or default pool of the swarm, and four ports published nowhere, bound nowhere and ephemeral nowhere.
 *
 * @throws SwarmproofError `NO_FREE_SUBNET`, `NO_FREE_PORT`
 */
export function chooseFootprint(occupied: Occupied, random: () => number = Math.random): Footprint {
  const prefixLength = prefixFor(occupied.hosts.length)
  const clear = freeSubnet(occupied, prefixLength, { random })
  const secret = freeSubnet(occupied, prefixLength, { random, besides: [clear] })
  return {
    prefix: `swp-${word(4, random)}`,
    clear: { subnet: clear, gateway: fromEndOf(clear, 1) },
    secret: { subnet: secret, gateway: fromEndOf(secret, 1) },
    ports: choosePorts(occupied, random),
  }
}

/** What the stack is made with: the footprint, the image its tasks run, and the limit of each task. */
export function withFootprint(
  topology: Topology,
  { prefix, clear, secret, ports }: Footprint,
  { probeImage, taskMemoryMib }: { readonly probeImage: LoadedImage; readonly taskMemoryMib: number },
): Topology {
  const { stack } = topology
  return {
    ...topology,
    stack: {
      ...stack,
      clear: { ...stack.clear, ...clear },
      secret: { ...stack.secret, ...secret },
      publishedPort: ports[0] ?? stack.publishedPort,
      ports,
      namePrefix: prefix,
      probeImage,
      taskMemoryMib,
    },
  }
}

/** Everything that must not be overlapped, and, beside it, pools that are better left alone but may fill all there is. */
function blocksInUse({ hosts, swarm }: OccupiedSubnets) {
  const must = [
    ...hosts.flatMap(({ routes, addresses, networks }) => [...routes, ...addresses, ...networks]),
    ...swarm.networks,
  ]
  const swarmPools = swarm.pools.length > 0 ? swarm.pools : [usualSwarmPool]
  return { must, swarmPools, localPools: hosts.flatMap(({ localPools }) => localPools) }
}

export interface SubnetWish {
  /** A range to look in first. */
  readonly preferred?: string | undefined
  /** Blocks that are already given away. */
  readonly besides?: readonly string[]
  readonly random?: () => number
}

/** @throws SwarmproofError `NO_FREE_SUBNET` */
export function freeSubnet(occupied: OccupiedSubnets, prefixLength: number, wish: SubnetWish = {}): string {
  const { preferred, besides = [], random } = wish
  const { must, swarmPools, localPools } = blocksInUse(occupied)
  const taken = [...must, ...besides]
  const where = preferred === undefined ? ranges : [preferred, ...ranges]
  const found =
    freeBlock(where, prefixLength, [...taken, ...swarmPools, ...localPools], random) ??
    // An engine gives networks of its own from these later; overlays are in namespaces of their own.
    freeBlock(where, prefixLength, [...taken, ...swarmPools], random)
  if (found !== undefined) return found
  throw new SwarmproofError({
    code: 'NO_FREE_SUBNET',
    what: `no /${prefixLength} of ${where.join(', ')} is free`,
    expected: 'one that overlaps no route, address or network of any host and no address pool of the swarm',
    observed: `${taken.length} blocks in use, and the pools ${swarmPools.join(', ')}`,
    hint: 'look at `ip -4 route show table all` on each host: which routes cover all of these ranges?',
  })
}

function choosePorts({ hosts, swarm }: Occupied, random: () => number): number[] {
  const taken = new Set([...reservedPorts, ...swarm.ports, ...hosts.flatMap(({ ports }) => ports)])
  const isFree = (port: number): boolean =>
    !taken.has(port) && !hosts.some(({ ephemeral: [first, last] }) => port >= first && port <= last)
  const chosen: number[] = []
  for (const [first, last] of portRanges) {
    const free = Array.from({ length: last - first + 1 }, (_, index) => first + index).filter(isFree)
    while (chosen.length < portCount && free.length > 0) {
      chosen.push(...free.splice(Math.floor(random() * free.length), 1))
    }
    // By the lower of two TCP ports of one service it is told which was published by the long syntax.
    if (chosen.length === portCount) return chosen.sort((a, b) => a - b)
  }
  throw new SwarmproofError({
    code: 'NO_FREE_PORT',
    what: `fewer than ${portCount} ports are free on all hosts`,
    expected: 'ports published nowhere in the swarm, bound on no host, and outside of their ephemeral ports',
    observed: hosts.map(({ host, ephemeral }) => `${host}: ephemeral ${ephemeral.join('–')}`).join('; '),
  })
}

function word(length: number, random: () => number): string {
  const letter = (): string => prefixLetters[Math.floor(random() * prefixLetters.length)] ?? 'a'
  return Array.from({ length }, letter).join('')
}
