import { z } from 'zod'
import { interfaceName, ipAddress } from '../identifier.ts'
import { jsonList } from '../json-list.ts'

/** Where a table of routes sends what it has no narrower route for, and whether it leads to the tasks behind published ports. */
export interface RoutingTable {
  readonly table: string
  /** Of its default route, or of several the one with the lowest metric; one for each next hop, none for one that refuses. */
  readonly hops: readonly { readonly device: string; readonly gateway?: string }[]
  /** It has a route by docker_gwbridge. */
  readonly toGatewayBridge: boolean
}

const word = z.string().max(64)
const hop = z.object({ gateway: word.exactOptional(), dev: word.exactOptional() })
const tableRoute = hop.extend({
  type: word.exactOptional(),
  table: word.exactOptional(),
  metric: z.number().exactOptional(),
  nexthops: z.array(hop).exactOptional(),
})

/**
 * Reads `ip -j -4 -d route show table all exact 0/0`, and the same with `dev docker_gwbridge`. Undefined where there is no
 * such output: where no rule is for a sender, nobody asks.
 */
export function parseRoutingTables(
  defaults: string | undefined,
  toBridge: string | undefined,
  host?: string,
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
  return [...ways.values()]
}
