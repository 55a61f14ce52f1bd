import { overlaps } from './cidr.ts'

/** What engines take subnets of bridges from where daemon.json says nothing (Moby, libnetwork/ipamutils). */
export const usualLocalPools: readonly string[] = [
  ...Array.from({ length: 15 }, (_, index) => `172.${17 + index}.0.0/16`),
  '192.168.0.0/16',
]

/** Engines divide this one; of the others each is one subnet. */
const divided = '192.168.0.0/16'

const subnetsOfPools: readonly string[] = usualLocalPools.flatMap((pool) =>
  pool === divided ? Array.from({ length: 16 }, (_, index) => `192.168.${index * 16}.0/20`) : [pool],
)

/** Devices that engines make; a route to one of them is a network that has its subnet already. */
const ofEngine = /^(docker0|docker_gwbridge|br-[0-9a-f]{12})$/

interface PoolRoute {
  readonly destination: string
  readonly device: string
  readonly gateway?: string
}

export interface PoolsUsedUp {
  /** Routes that lead elsewhere and cover subnets of the pools that no route before them does, the widest first. */
  readonly routes: readonly PoolRoute[]
  /** How many subnets bridges of the engine have. */
  readonly bridges: number
}

/**
 * Whether an engine finds no subnet for another bridge in the usual pools; undefined where it finds one, and where a
 * bridge of its has a subnet of other pools, so that daemon.json names others. Routes count that lead to neighbours
 * directly; engines before 23.0 count all but the default route.
 * Source: Moby, libnetwork/netutils/utils_linux.go (InferReservedNetworks), moby/moby#42598.
 */
export function poolsUsedUp(routes: readonly PoolRoute[], engineVersion: string): PoolsUsedUp | undefined {
  const counted = routes.filter(
    ({ destination, gateway }) =>
      destination !== 'default' && (gateway === undefined || Number.parseInt(engineVersion, 10) < 23),
  )
  const bridges = counted.filter(({ device }) => ofEngine.test(device))
  if (bridges.some(({ destination }) => !usualLocalPools.some((pool) => overlaps(pool, destination))))
    return undefined
  const covered = (by: readonly PoolRoute[]): number =>
    subnetsOfPools.filter((subnet) => by.some(({ destination }) => overlaps(subnet, destination))).length
  if (covered(counted) < subnetsOfPools.length) return undefined
  const others = counted
    .filter((route) => !bridges.includes(route))
    .toSorted((a, b) => covered([b]) - covered([a]))
  const needed: PoolRoute[] = []
  for (const route of others) if (covered([...needed, route]) > covered(needed)) needed.push(route)
  return { routes: needed, bridges: bridges.length }
}

/** How docker_gwbridge is made by hand, as engines make it; `--subnet` has to be free on the node. */
export const gatewayBridgeByHand =
  'docker network create --subnet SUBNET -o com.docker.network.bridge.name=docker_gwbridge -o com.docker.network.bridge.enable_icc=false -o com.docker.network.bridge.enable_ip_masquerade=true docker_gwbridge'
