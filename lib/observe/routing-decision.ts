import { contains } from '../topology/cidr.ts'
import type { HostState, Route } from './host-state.ts'
import type { RouteRefusal, RoutingRule } from './policy-routing.ts'
import { narrowness, routesTo } from './route.ts'
import type { TableRoute } from './routing-table.ts'
import { rulesetOf } from './ruleset.ts'
import { type AskedPacket, whoDecides } from './who-decides.ts'

/** A packet as rules of policy routing ask about it, in the host’s own namespace. */
export interface RoutedPacket {
  /** IPv4 addresses. Without a source one has still to be chosen, as of VXLAN. */
  readonly to: string
  readonly from?: string
  /** `lo`: the host itself sends it. */
  readonly comesIn: string
  /** The same for the rules of the firewall that set marks. */
  readonly asked: AskedPacket
}

/** What the routing rules and tables of a host make of a packet (Linux, net/core/fib_rules.c, net/ipv4/fib_rules.c). */
export interface RoutingDecision {
  /** `main`, or another; empty where a rule itself refuses. */
  readonly table: string
  /** What led there; undefined for the kernel’s own rule for main. */
  readonly rule?: RoutingRule
  /** One for each next hop; none where it is refused. */
  readonly routes: readonly Route[]
  readonly refused?: { readonly kind: RouteRefusal; readonly destination?: string }
}

/**
 * Undefined where that is not known: a rule that is asked cannot be understood, or a table was not read. Where no route at
 * all covers the address the decision is of main and has neither routes nor a refusal.
 */
export function routingDecision(state: HostState, packet: RoutedPacket): RoutingDecision | undefined {
  const { routingRules = [] } = state
  const before = routingRules
    .filter(({ priority }) => priority <= priorityOfMain)
    .toSorted((one, other) => one.priority - other.priority)
  for (const rule of [...before, main]) {
    const applies = ruleApplies(rule, packet, state)
    if (applies === 'no') continue
    if (applies === 'unknown') return undefined
    const led = rule === main ? {} : { rule }
    if (rule.refuses !== undefined) return { table: '', ...led, routes: [], refused: { kind: rule.refuses } }
    const routes = routesOfTable(state, rule.table)
    if (routes === undefined) return undefined
    const taken = routesTo(routes, packet.to)
    const [first] = taken
    if (first === undefined || first.kind === 'throw') continue
    if (rule.suppressed !== undefined && narrowness(first) <= rule.suppressed) continue
    const { destination, kind } = first
    return {
      ...{ table: rule.table, ...led },
      routes: taken.flatMap(({ device, kind: _, ...route }) =>
        device === undefined ? [] : [{ ...route, device }],
      ),
      ...(kind === undefined ? {} : { refused: { kind, destination } }),
    }
  }
  return { table: 'main', routes: [] }
}

/** Linux, net/ipv4/fib_rules.c. */
const priorityOfMain = 32_766
const main: RoutingRule = { priority: priorityOfMain, table: 'main' }

function routesOfTable(
  { root, refusingRoutes, routingTables = [] }: HostState,
  table: string,
): readonly TableRoute[] | undefined {
  if (table === 'local') return []
  if (table !== 'main') return routingTables.find((one) => one.table === table)?.routes
  return refusingRoutes === undefined ? undefined : [...refusingRoutes, ...root.routes]
}

type Answer = 'yes' | 'no' | 'unknown'

function ruleApplies(rule: RoutingRule, packet: RoutedPacket, state: HostState): Answer {
  const { from, to, comesIn } = rule
  const answers: Answer[] = [
    to === undefined ? 'yes' : yesNo(contains(to, packet.to)),
    comesIn === undefined ? 'yes' : yesNo(comesIn === packet.comesIn),
    from === undefined ? 'yes' : packet.from === undefined ? 'no' : yesNo(contains(from, packet.from)),
    rule.mark === undefined ? 'yes' : isMarked(rule, packet, state),
    rule.more === true ? 'unknown' : 'yes',
  ]
  const all = answers.includes('no') ? 'no' : answers.includes('unknown') ? 'unknown' : 'yes'
  const answer = rule.not !== true || all === 'unknown' ? all : all === 'yes' ? 'no' : 'yes'
  // It goes to another rule, or to the table of a VRF.
  return answer === 'yes' && rule.table === '' && rule.refuses === undefined ? 'unknown' : answer
}

const yesNo = (holds: boolean): Answer => (holds ? 'yes' : 'no')

/** Packets have the mark 0 unless a rule of the firewall sets another before they are routed. */
function isMarked({ mark = '', markMask }: RoutingRule, packet: RoutedPacket, state: HostState): Answer {
  const marks = marksOf(packet, state)
  if (marks === undefined) return 'unknown'
  const mask = BigInt(markMask ?? 0xffff_ffff)
  const matching = marks.filter((one) => (BigInt(one) & mask) === (BigInt(mark) & mask))
  return matching.length === 0 ? 'no' : matching.length === marks.length ? 'yes' : 'unknown'
}

/** Undefined where it may be any. */
function marksOf({ asked, comesIn }: RoutedPacket, { root, nftables = [] }: HostState): number[] | undefined {
  const hook = comesIn === 'lo' ? 'output' : 'prerouting'
  const rules = whoDecides(rulesetOf({ ...root, nftables }), hook, asked).asked
  const setting = rules.filter(({ rule, beyond }) => !beyond && (rule.marks ?? rule.remarks) !== undefined)
  if (setting.some(({ rule }) => rule.remarks === true)) return undefined
  return [0, ...setting.map(({ rule }) => rule.marks ?? 0)]
}
