import { compareVersions } from '../../lib/topology/engine.ts'

/** Every network of the pools, in order, as CIDR: `10.60.0.0/24` at 26 is `10.60.0.0/26`, `10.60.0.64/26`, … */
export function poolSubnets(pools: readonly string[], maskLength: number): string[] {
  return pools.flatMap((pool) => {
    const [address = '', prefix = '32'] = pool.split('/')
    const base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
    const count = 2 ** (maskLength - Number(prefix))
    const step = 2 ** (32 - maskLength)
    return Array.from({ length: count }, (_, index) => `${dotted(base + index * step)}/${maskLength}`)
  })
}

/**
 * The subnet an engine gives next. Engines up to 26 go on behind the last one given and come round again, so that one
 * that was freed is not given at once; later ones give the first that is free.
 * Source: Moby, libnetwork/ipam/structures.go of v26.1 (predefinedStartIndex; docker/libnetwork#2177), and
 * libnetwork/ipams/defaultipam/address_space.go from v27.0 (moby/moby#47768).
 */
export function nextSubnet(
  subnets: readonly string[],
  taken: ReadonlySet<string>,
  last: string | undefined,
  engineVersion: string,
): string | undefined {
  const start = goesOn(engineVersion) && last !== undefined ? subnets.indexOf(last) + 1 : 0
  const order = [...subnets.slice(start), ...subnets.slice(0, start)]
  return order.find((subnet) => !taken.has(subnet))
}

export function goesOn(engineVersion: string): boolean {
  return compareVersions(engineVersion, '27.0') < 0
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.')
}
