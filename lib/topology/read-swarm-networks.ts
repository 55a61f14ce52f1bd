import { checkName, type TakenSubnets, readFreeSubnet } from './read-underlays.ts'
import { addressProblem, parseSubnet, type Subnet } from './subnet.ts'
import type { AddressPoolsSpec, GatewayBridgeSpec, IngressSpec } from './topology.ts'
import type { YamlCursor } from './yaml-cursor.ts'

/** Smallest value of the driver's MTU option that leaves an overlay something to carry. */
export const smallestMtuOption = 652
export const largestMtuOption = 9216
const mostPools = 16

export function readAddressPoolsKey(
  at: YamlCursor | undefined,
  taken: TakenSubnets,
): AddressPoolsSpec | undefined {
  const keys = at?.record(['pools', 'maskLength'])
  if (at === undefined || keys === undefined) return undefined
  const poolsAt = keys.get('pools')
  if (poolsAt === undefined) at.complain('pools is missing: a list of networks such as [10.60.0.0/16]')
  const maskLength = keys.get('maskLength')?.integer(16, 29) ?? 24
  const pools: Subnet[] = []
  const entries = poolsAt?.list() ?? []
  if (entries.length > mostPools) poolsAt?.complain(`at most ${mostPools} pools, are ${entries.length}`)
  for (const entry of entries.slice(0, mostPools)) {
    const others = pools.map((subnet) => ({ what: 'another pool', subnet, at: entry }))
    const pool = readFreeSubnet(entry, [...taken, ...others])
    if (pool === undefined) continue
    if (pool.prefixLength > maskLength) {
      entry.complain(`${pool.text} is smaller than one network of it, maskLength ${maskLength}`)
    }
    pools.push(pool)
  }
  return { pools: pools.map(({ text }) => text), maskLength }
}

export function readIngressKey(at: YamlCursor | undefined, taken: TakenSubnets): IngressSpec | undefined {
  const keys = at?.record(['name', 'subnet', 'gateway', 'mtuBytes', 'encrypted'])
  if (at === undefined || keys === undefined) return undefined
  const subnetAt = keys.get('subnet')
  const gatewayAt = keys.get('gateway')
  // Its usual subnet is free for it to take.
  const others = taken.filter(({ what }) => !what.includes('ingress'))
  const subnet = subnetAt === undefined ? usualIngress() : readFreeSubnet(subnetAt, others)
  const gateway = gatewayAt?.text() ?? subnet?.last ?? ''
  const problem = subnet === undefined ? undefined : addressProblem(gateway, subnet, 'ingress')
  if (problem !== undefined) gatewayAt?.complain(problem)
  const mtuBytes = keys.get('mtuBytes')?.integer(smallestMtuOption, largestMtuOption)
  const nameAt = keys.get('name')
  const name = nameAt?.text() ?? 'ingress'
  if (nameAt !== undefined) checkName(name, nameAt)
  return {
    name,
    subnet: subnet?.text ?? '',
    gateway,
    ...(mtuBytes === undefined ? {} : { mtuBytes }),
    encrypted: keys.get('encrypted')?.flag() ?? false,
  }
}

function usualIngress(): Subnet | undefined {
  const subnet = parseSubnet('10.0.0.0/24')
  return typeof subnet === 'string' ? undefined : subnet
}

export function readGatewayBridge(
  at: YamlCursor | undefined,
  taken: TakenSubnets,
): GatewayBridgeSpec | undefined {
  const keys = at?.record(['subnet', 'mtuBytes'])
  if (at === undefined || keys === undefined) return undefined
  const subnetAt = keys.get('subnet')
  if (subnetAt === undefined) at.complain('subnet is missing, such as 10.11.0.0/16')
  const subnet = subnetAt === undefined ? undefined : readFreeSubnet(subnetAt, taken)
  return { subnet: subnet?.text ?? '', mtuBytes: keys.get('mtuBytes')?.integer(576, 9216) ?? 1500 }
}
