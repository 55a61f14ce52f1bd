import type { HostState, Route } from '../observe/host-state.ts'
import type { RoutingRule } from '../observe/policy-routing.ts'
import { type RoutingDecision, routingDecision } from '../observe/routing-decision.ts'
import { portsOf } from './firewall-drops.ts'
import type { LabView } from './lab-view.ts'

/**
 * Where what a node itself sends to an address of another goes: VXLAN, whose source the kernel chooses behind the first
 * look, and what engines send from an address of their own. Undefined where that is not known, or where the two differ.
 */
export function wayToPeer(
  { facts, lab }: LabView,
  state: HostState,
  node: string,
  to: string,
): RoutingDecision | undefined {
  const own = facts?.nodes.find(({ name }) => name === node)
  if (own === undefined) return undefined
  const isDataPath = facts?.nodes.some(({ dataPath }) => dataPath.address === to) === true
  const from = (isDataPath ? own.dataPath : own.advertise).address
  const ports = portsOf(lab.topology.swarm.dataPathPort)
  const wanted = isDataPath ? ports.data : ports['gossip-udp']
  const asked = { ...wanted, destination: to, fromHost: true, toHost: false, in: '', state: 'new' }
  const [unbound, bound] = [{}, { from }].map((source) =>
    routingDecision(
      // Runs of before refusing routes were read say nothing of them, and those of other tables were not read either.
      { ...state, refusingRoutes: state.refusingRoutes ?? [] },
      { ...source, to, comesIn: 'lo', asked: { ...asked, source: from } },
    ),
  )
  return unbound !== undefined && JSON.stringify(unbound) === JSON.stringify(bound) ? unbound : undefined
}

/** As `the policy routing rule 5270 (from all lookup 52)`. */
export function ledByTold(rule: RoutingRule): string {
  return `the policy routing rule ${rule.priority} (${ruleTold(rule)})`
}

/** As `ip rule` prints it. */
function ruleTold({
  not,
  from,
  to,
  mark,
  markMask,
  comesIn,
  suppressed,
  refuses,
  table,
}: RoutingRule): string {
  return [
    ...(not === undefined ? [] : ['not']),
    `from ${from ?? 'all'}`,
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(mark === undefined ? [] : [`fwmark ${mark}${markMask === undefined ? '' : `/${markMask}`}`]),
    ...(comesIn === undefined ? [] : [`iif ${comesIn}`]),
    refuses ?? `lookup ${table}`,
    ...(suppressed === undefined ? [] : [`suppress_prefixlength ${suppressed}`]),
  ].join(' ')
}

/** What a decision rests on: the route as `ip route del` takes it, or the rule that refuses, and what led there. */
export function decidedBy({ table, rule, routes, refused }: RoutingDecision): string {
  const by = rule === undefined ? '' : ledByTold(rule)
  if (refused !== undefined && refused.destination === undefined) return by
  const [first] = routes
  const route =
    refused === undefined
      ? first === undefined
        ? undefined
        : routeTold(first)
      : `${refused.kind} ${refused.destination ?? ''}`
  if (route === undefined) return 'no route covers it'
  return table === 'main'
    ? `the route ${route}`
    : `the route ${route} in table ${table}, to which ${by} leads`
}

/** As `ip route del` takes it. */
export const routeTold = ({ destination, gateway, device }: Route): string =>
  `${destination}${gateway === undefined ? '' : ` via ${gateway}`} dev ${device}`

/**
 * What undoes a decision: a rule before the one that led past main, which keeps `what` out of its table, or the route taken
 * away. Each a command.
 */
export function howToUndo({ table, rule, routes, refused }: RoutingDecision, what: string): string[] {
  const before = rule === undefined || rule.priority < 2 ? '' : ` priority ${rule.priority - 1}`
  if (rule !== undefined && table !== 'main') return [`ip rule add ${what} lookup main${before}`]
  const [first] = routes
  if (refused !== undefined) return [`ip route del ${refused.kind} ${refused.destination ?? ''}`]
  return first === undefined || first.destination === 'default' ? [] : [`ip route del ${routeTold(first)}`]
}
