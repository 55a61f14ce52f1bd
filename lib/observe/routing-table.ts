import { z } from 'zod'
import { interfaceName, ipAddress, routeDestination } from '../identifier.ts'
import { jsonList } from '../json-list.ts'
import type { RouteRefusal } from './policy-routing.ts'

/** Where a table of routes sends what it has no narrower route for, and whether it leads to the tasks behind published ports. */
export interface RoutingTable {
  readonly table: string
  /** Of its default route, or of several the one with the lowest metric; one for each next hop, none for one that refuses. */
  readonly hops: readonly { readonly device: string; readonly gateway?: string }[]
  /** It has a route by docker_gwbridge. */
  readonly toGatewayBridge: boolean
  /** All of its routes. Undefined where no rule leads to it, where they are too many, and in runs of before they were read. */
  readonly routes?: readonly TableRoute[]
}

/** One for each next hop, as `Route`; or one that has none. */
export interface TableRoute {
  /** CIDR, address or `default`. */
  readonly destination: string
  readonly metric?: number
  readonly device?: string
  readonly gateway?: string
  /** Undefined for one that leads by a device. `throw`: the next rule is asked. */
  readonly kind?: RouteRefusal | 'throw'
}

const word = z.string().max(64)
const hop = z.object({ gateway: word.exactOptional(), dev: word.exactOptional() })
const tableRoute = hop.extend({
  type: word.exactOptional(),
  dst: word.exactOptional(),
  flags: z.array(word).exactOptional(),
  table: word.exactOptional(),
  metric: z.number().exactOptional(),
  nexthops: z.array(hop).exactOptional(),
})

/**
 * Reads `ip -j -4 -d route show table all exact 0/0`, the same with `dev docker_gwbridge`, and of each table that a rule
 * leads to `ip -j -4 -d route show table TABLE`. Undefined where there is no
 * such output: where no rule leads to another table, nobody asks.
 */
export function parseRoutingTables(
  defaults: string | undefined,
  toBridge: string | undefined,
  host?: string,
  ofRules: ReadonlyMap<string, string | undefined> = new Map(),
): readonly RoutingTable[] | undefined {
  if (defaults?.startsWith('[') !== true) return undefined
  const bridged = new Set(
    jsonList(toBridge ?? '', tableRoute).flatMap(({ type, table = 'main' }) =>
      type === undefined || type === 'unicast' ? [table] : [],
    ),
  )
  const ways = new Map<string, RoutingTable>()
  const sorted = jsonList(defaults, tableRoute).toSorted((a, b) => (a.metric ?? 0) - (b.metric ?? 0))
  for (const { table = 'main', nexthops, ...only } of sorted)
    if (!ways.has(table))
      ways.set(table, {
        table,
        hops: (nexthops ?? [only]).flatMap(({ dev, gateway }) =>
          dev === undefined
            ? []
            : [
                {
                  device: interfaceName(dev, host),
                  ...(gateway === undefined ? {} : { gateway: ipAddress(gateway, host) }),
                },
              ],
        ),
        toGatewayBridge: bridged.has(table),
      })
  for (const [table, text] of ofRules) {
    const routes = parseTableRoutes(text, host)
    const known = ways.get(table) ?? { table, hops: [], toGatewayBridge: bridged.has(table) }
    if (routes !== undefined) ways.set(table, { ...known, routes })
  }
  return [...ways.values()]
}

const refusing: readonly string[] = ['blackhole', 'unreachable', 'prohibit', 'throw']

/** Undefined where it is not what `ip` prints: a table without routes is no table for it, and it says nothing. */
function parseTableRoutes(text: string | undefined, host?: string): TableRoute[] | undefined {
  if (text?.startsWith('[') !== true) return undefined
  return jsonList(text, tableRoute).flatMap(
    ({ type, dst, metric, flags = [], nexthops, ...only }): TableRoute[] => {
      if (dst === undefined || flags.includes('dead')) return []
      const common = {
        destination: routeDestination(dst, host),
        ...(metric === undefined ? {} : { metric }),
      }
      if (type !== undefined && refusing.includes(type))
        return [{ ...common, kind: type as RouteRefusal | 'throw' }]
      return (nexthops ?? [only]).flatMap(({ dev, gateway }) =>
        dev === undefined
          ? []
          : [
              {
                ...common,
                device: interfaceName(dev, host),
                ...(gateway === undefined ? {} : { gateway: ipAddress(gateway, host) }),
              },
            ],
      )
    },
  )
}
