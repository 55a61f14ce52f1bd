import { z } from 'zod'
import { interfaceName, ipAddress, routeDestination } from '../identifier.ts'
import { jsonList } from '../json-list.ts'

/** A rule of policy routing, as `ip rule` has it, besides the three that every kernel has. */
export interface RoutingRule {
  readonly priority: number
  /** CIDR or address; undefined for all. */
  readonly from?: string
  readonly to?: string
  readonly comesIn?: string
  readonly mark?: string
  /** Where it leads; empty for a rule that refuses. */
  readonly table: string
}

/** A route of a table that such a rule can lead to, or one of any table that refuses. */
export interface TableRoute {
  readonly table: string
  /** `unicast`, `blackhole`, `unreachable`, `prohibit`, `throw`. */
  readonly kind: string
  readonly destination: string
  readonly device?: string
  readonly gateway?: string
}

const word = z.string().max(64)

const ipRule = z.object({
  priority: z.number(),
  src: word.exactOptional(),
  srclen: z.number().exactOptional(),
  dst: word.exactOptional(),
  dstlen: z.number().exactOptional(),
  iif: word.exactOptional(),
  fwmark: word.exactOptional(),
  table: word.exactOptional(),
})

/** Reads `ip -j -4 rule show`. */
export function parseRoutingRules(line: string | undefined): readonly RoutingRule[] {
  return jsonList(line, ipRule)
    .filter(
      ({ src, dst, iif, fwmark, table }) =>
        !(
          src === 'all' &&
          dst === undefined &&
          iif === undefined &&
          fwmark === undefined &&
          ['local', 'main', 'default'].includes(table ?? '')
        ),
    )
    .map(({ priority, src, srclen, dst, dstlen, iif, fwmark, table = '' }) => ({
      priority,
      ...(src === undefined || src === 'all' ? {} : { from: withLength(src, srclen) }),
      ...(dst === undefined || dst === 'all' ? {} : { to: withLength(dst, dstlen) }),
      ...(iif === undefined ? {} : { comesIn: iif }),
      ...(fwmark === undefined ? {} : { mark: fwmark }),
      table,
    }))
}

const withLength = (address: string, length: number | undefined): string =>
  length === undefined ? address : `${address}/${length}`

const ipRoute = z.object({
  type: word.exactOptional(),
  dst: word.exactOptional(),
  gateway: word.exactOptional(),
  dev: word.exactOptional(),
  table: z.union([word, z.number()]).exactOptional(),
})

const ofEveryKernel = ['local', 'main', 'default']

/** Reads `ip -j route`, of one table or of all: routes of other tables, and those that refuse. */
export function parseTableRoutes(line: string | undefined, host?: string): readonly TableRoute[] {
  return jsonList(line, ipRoute).flatMap(({ type = 'unicast', dst, gateway, dev, table = 'main' }) => {
    const ordinary = ['unicast', 'local', 'broadcast', 'multicast', 'anycast'].includes(type)
    if (dst === undefined || (ordinary && ofEveryKernel.includes(String(table)))) return []
    return [
      {
        ...{ table: String(table), kind: type, destination: routeDestination(dst, host) },
        ...(dev === undefined ? {} : { device: interfaceName(dev, host) }),
        ...(gateway === undefined ? {} : { gateway: ipAddress(gateway, host) }),
      },
    ]
  })
}
