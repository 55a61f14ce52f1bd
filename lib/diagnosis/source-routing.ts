import type { HostState } from '../observe/host-state.ts'
import type { RoutingRule } from '../observe/policy-routing.ts'
import type { RoutingTable } from '../observe/routing-table.ts'
import { contains } from '../topology/cidr.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'

/** What a node sends from one of its own addresses follows another table than main. */
export interface RoutedBySource {
  readonly address: string
  /** The interface that has it. */
  readonly device: string
  readonly rule: RoutingRule
  readonly table: RoutingTable
  /** Where everything else goes; undefined where main has no default route. */
  readonly main?: RoutingTable
}

/** Of each address the rule that is asked first; rules that ask for more than the sender are none. */
export function routedBySource({ root, routingRules = [], routingTables = [] }: HostState): RoutedBySource[] {
  const main = routingTables.find(({ table }) => table === 'main')
  const addresses = root.links
    .filter(({ name }) => name !== 'lo' && name !== gatewayBridgeName)
    .flatMap(({ name, addresses }) => addresses.map(({ address }) => ({ address, device: name })))
    .filter(({ address }) => !address.includes(':'))
  return addresses.flatMap(({ address, device }): RoutedBySource[] => {
    const rule = routingRules.find((one) => isFor(one, address))
    const table = routingTables.find((one) => one.table === rule?.table)
    return rule === undefined || table === undefined
      ? []
      : [{ address, device, rule, table, ...(main === undefined ? {} : { main }) }]
  })
}

const isFor = ({ from, ...rule }: RoutingRule, address: string): boolean =>
  from !== undefined &&
  contains(from, address) &&
  rule.not === undefined &&
  rule.to === undefined &&
  rule.mark === undefined &&
  rule.more === undefined &&
  (rule.comesIn === undefined || rule.comesIn === 'lo')

/**
 * Whether a rule leads answers of published ports to the table: by marks that connections keep, by where they come in, or
 * by the addresses that they have behind the bridge.
 */
export function leadsAnswers({ root, routingRules = [] }: HostState, table: string): boolean {
  const behind = root.links.find(({ name }) => name === gatewayBridgeName)?.addresses ?? []
  return routingRules.some(
    (rule) =>
      rule.table === table &&
      (rule.mark !== undefined ||
        rule.comesIn === gatewayBridgeName ||
        (rule.from !== undefined && behind.some(({ address }) => contains(rule.from ?? '', address)))),
  )
}

/** Whether a rule that is asked before leads what goes to containers behind the bridge by a table that has the way. */
export function reachesBridge(
  { root, routingRules = [], routingTables = [] }: HostState,
  { address, rule: asked }: RoutedBySource,
): boolean {
  const behind = root.links.find(({ name }) => name === gatewayBridgeName)?.addresses ?? []
  return routingRules.some(
    (rule) =>
      rule.priority < asked.priority &&
      behind.some((one) => rule.to !== undefined && contains(rule.to, one.address)) &&
      (rule.from === undefined || contains(rule.from, address)) &&
      [rule.not, rule.mark, rule.more, rule.comesIn].every((one) => one === undefined) &&
      (rule.table === 'main' ||
        routingTables.some(({ table, toGatewayBridge }) => table === rule.table && toGatewayBridge)),
  )
}

/** As `eth0 via 10.0.2.2`. */
export function hopsTold({ hops }: Pick<RoutingTable, 'hops'>): string {
  const told = hops.map(({ device, gateway }) => `${device}${gateway === undefined ? '' : ` via ${gateway}`}`)
  return told.length === 0 ? 'nowhere' : told.join(' or ')
}
