import { interfaceName, ipAddress, routeDestination } from '../identifier.ts'
import { contains, prefixLengthOf } from '../topology/cidr.ts'
import type { RefusingRoute, Route } from './host-state.ts'
import {
  protocolAddressOf,
  interfaceNames,
  type NetlinkAttributes,
  type NetlinkMessage,
  numberOf,
  readAttributes,
} from './netlink.ts'

/* Linux, include/uapi/linux/rtnetlink.h. */
const [destination, leavesBy, gateway, priority, nextHops] = [1, 4, 5, 6, 9]
const refusals: Readonly<Record<number, RefusingRoute['kind']>> = {
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
}

/**
 * Routes of IPv4, main table, that leave by a device; no blackholes. One that leads over several next hops is one for each
 * of them.
 */
export function readRoutes(
  routes: readonly NetlinkMessage[],
  links: readonly NetlinkMessage[],
  host?: string,
): readonly Route[] {
  const nameOf = interfaceNames(links)
  return routes.flatMap(({ head, attributes }) => {
    const metric = numberOf(attributes.get(priority)) ?? 0
    return hopsOf(attributes, host).map(({ device, by }) => ({
      destination: destinationOf(head, attributes, host),
      device: interfaceName(nameOf(device), host),
      ...(by === undefined ? {} : { gateway: ipAddress(by, host) }),
      ...(metric === 0 ? {} : { metric }),
    }))
  })
}

/** Of the same messages the others. */
export function readRefusingRoutes(
  routes: readonly NetlinkMessage[],
  host?: string,
): readonly RefusingRoute[] {
  return routes.flatMap(({ head, attributes }) => {
    const kind = refusals[head.readUInt8(7)]
    return kind === undefined
      ? []
      : [
          {
            kind,
            destination: destinationOf(head, attributes, host),
            metric: numberOf(attributes.get(priority)) ?? 0,
          },
        ]
  })
}

function destinationOf(head: Buffer, attributes: NetlinkAttributes, host: string | undefined): string {
  const length = head.readUInt8(1)
  return routeDestination(
    length === 0 ? 'default' : `${protocolAddressOf(attributes.get(destination))}/${length}`,
    host,
  )
}

interface Hop {
  readonly device: number
  readonly by?: string | undefined
}

/** Of several next hops, each is a `struct rtnexthop` (length, flags, weight, interface) with attributes of its own. */
function hopsOf(attributes: NetlinkAttributes, host: string | undefined): readonly Hop[] {
  const several = attributes.get(nextHops)
  if (several === undefined) {
    const device = numberOf(attributes.get(leavesBy))
    return device === undefined ? [] : [{ device, by: protocolAddressOf(attributes.get(gateway)) }]
  }
  const hops: Hop[] = []
  for (let at = 0; several.length - at >= 8;) {
    const length = several.readUInt16LE(at)
    if (length < 8) break
    const own = readAttributes(several.subarray(at + 8, at + length), host)
    hops.push({ device: several.readInt32LE(at + 4), by: protocolAddressOf(own.get(gateway)) })
    at += (length + 3) & ~3
  }
  return hops
}

interface Choosable {
  readonly destination: string
  readonly metric?: number
}

/** Of routes that cover an address those that a kernel takes: the narrowest, and of equal ones those of the lowest metric. */
export function routesTo<R extends Choosable>(routes: readonly R[], address: string): readonly R[] {
  const covering = routes.filter(
    ({ destination }) => destination === 'default' || contains(destination, address),
  )
  const sorted = covering.toSorted(compareRoutes)
  return sorted.filter((route) => sorted[0] !== undefined && compareRoutes(route, sorted[0]) === 0)
}

/** Negative where a kernel takes the first rather than the second, of two that cover the same address. */
export function compareRoutes(one: Choosable, other: Choosable): number {
  return narrowness(other) - narrowness(one) || (one.metric ?? 0) - (other.metric ?? 0)
}

/** The length of its prefix; `default` is as wide as `0.0.0.0/0`. */
export const narrowness = ({ destination }: Choosable): number =>
  destination === 'default' ? 0 : prefixLengthOf(destination)

/** The device by which an address is reached; the first of several. Undefined where no route leads there. */
export function deviceTo(routes: readonly Route[], address: string): string | undefined {
  return routesTo(routes, address)[0]?.device
}
