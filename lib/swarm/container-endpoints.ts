import { ipv4Address, macAddress, prefixLength } from '../identifier.ts'
import type { Endpoint } from './cluster.ts'

/** `NetworkSettings.Networks` of `docker inspect`, by the names of networks. */
export type InspectedEndpoints = Readonly<
  Record<string, { readonly IPAddress: string; readonly IPPrefixLen: number; readonly MacAddress: string }>
>

/**
 * The attachments of a container. The network `host` and one that is not yet joined have none of the three.
 * @throws SwarmproofError `NOT_AN_IDENTIFIER` where the host says something else in their place
 */
export function containerEndpoints(
  networks: InspectedEndpoints,
  host: string,
): Readonly<Record<string, Endpoint>> {
  return Object.fromEntries(
    Object.entries(networks).map(([network, { IPAddress, IPPrefixLen, MacAddress }]): [string, Endpoint] => [
      network,
      {
        address: IPAddress === '' ? '' : ipv4Address(IPAddress, host),
        prefixLength: prefixLength(IPPrefixLen, host),
        mac: MacAddress === '' ? '' : macAddress(MacAddress, host),
      },
    ]),
  )
}
