import { interfaceName, ipAddress, routeDestination } from '../identifier.ts'
import { contains, prefixLengthOf } from '../topology/cidr.ts'
import type { Route } from './host-state.ts'
import { jsonList } from './section.ts'

interface IpRoute {
  readonly type?: string
  readonly dst?: string
  readonly gateway?: string
  readonly dev?: string
}

/** Reads `ip -j -d route`: IPv4, main table. Only routes that leave by a device; no blackholes. */
export function parseRoutes(line: string | undefined, host?: string): readonly Route[] {
  return jsonList<IpRoute>(line).flatMap((entry) =>
    entry.dst === undefined || entry.dev === undefined
      ? []
      : [
          {
            destination: routeDestination(entry.dst, host),
            device: interfaceName(entry.dev, host),
            ...(entry.gateway === undefined ? {} : { gateway: ipAddress(entry.gateway, host) }),
          },
        ],
  )
}

/** The device by which an address is reached: that of the narrowest route; undefined where none leads there. */
export function deviceTo(routes: readonly Route[], address: string): string | undefined {
  const narrowness = ({ destination }: Route): number =>
    destination === 'default' ? -1 : prefixLengthOf(destination)
  return routes
    .filter(({ destination }) => destination === 'default' || contains(destination, address))
    .toSorted((a, b) => narrowness(b) - narrowness(a))[0]?.device
}
