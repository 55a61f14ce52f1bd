import type {
  FirewallPolicy,
  FirewallRule,
  NamespaceState,
  NftChain,
  NftRule,
  RuleCondition,
  RuleEffect,
} from './host-state.ts'
import { readIptablesRule } from './iptables-rule.ts'

/**
 * Where a packet meets rules on its way through a host. Those of bridges are asked about frames: of what comes in by a bridge
 * before the others, of what leaves by one behind them.
 */
export type Hook =
  | 'ingress'
  | 'prerouting'
  | 'input'
  | 'forward'
  | 'output'
  | 'postrouting'
  | 'egress'
  | `bridge-${'prerouting' | 'input' | 'forward' | 'output' | 'postrouting'}`

/** One rule, whichever program made it. */
export interface PlacedRule extends RuleEffect {
  /** `filter`, or `ip docker-overlay` of nftables. */
  readonly table: string
  readonly chain: string
  /** 1-based within its chain. */
  readonly position: number
  /** As its program lists it, for people. */
  readonly text: string
  readonly conditions: readonly RuleCondition[]
  /** Of nftables: stays the same while what its sets hold does not. */
  readonly handle?: number
  /** Undefined where it does not count. */
  readonly packets?: number
}

/** One chain; those with a hook are where packets come in. */
export interface Chain {
  readonly table: string
  readonly name: string
  readonly hook?: Hook
  /** Of the hooks `ingress` and `egress`: the interfaces whose packets it is asked about; undefined where that is not known. */
  readonly devices?: readonly string[]
  readonly priority: number
  /** A chain that translates addresses is asked about the first packet of a connection only. */
  readonly translates: boolean
  readonly policy?: 'accept' | 'drop'
  /** That its policy decided about. */
  readonly policyPackets?: number
  readonly rules: readonly PlacedRule[]
}

/** All that decides about IPv4 packets in one network namespace. */
export type Ruleset = readonly Chain[]

const builtIn: Readonly<Record<string, Hook>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
}

/** As the kernel's netfilter_ipv4.h has them. */
const priorities: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 50 }

function priorityOf(table: string, hook: Hook): number {
  if (table === 'nat') return hook === 'prerouting' || hook === 'output' ? -100 : 100
  return priorities[table] ?? 0
}

/** Of a namespace, by what `iptables-save -c` and `nft -j list ruleset` said; each tells what the other leaves out. */
export function rulesetOf({
  firewall,
  policies = [],
  nftables = [],
}: Pick<NamespaceState, 'firewall' | 'policies' | 'nftables'>): Ruleset {
  return [...iptablesChains(firewall, policies), ...nftables.flatMap(nftChain)]
}

function iptablesChains(firewall: readonly FirewallRule[], policies: readonly FirewallPolicy[]): Chain[] {
  const names = new Set([...policies, ...firewall].map(({ table, chain }) => `${table} ${chain}`))
  return [...names].map((key): Chain => {
    const [table = '', name = ''] = key.split(' ')
    const hook = builtIn[name]
    const policy = policies.find((one) => one.table === table && one.chain === name)
    return {
      ...{
        table,
        name,
        translates: table === 'nat',
        priority: hook === undefined ? 0 : priorityOf(table, hook),
      },
      ...(hook === undefined ? {} : { hook }),
      ...(policy === undefined
        ? {}
        : { policy: policy.policy === 'DROP' ? 'drop' : 'accept', policyPackets: policy.packets }),
      rules: firewall.filter((rule) => rule.table === table && rule.chain === name).map(iptablesRule),
    }
  })
}

function iptablesRule({ table, chain, position, rule, packets }: FirewallRule): PlacedRule {
  const { conditions, effect } = readIptablesRule(rule)
  return { table, chain, position, packets, text: rule, conditions, ...effect }
}

const hooks: ReadonlySet<string> = new Set(Object.values(builtIn))
const ofDevices: ReadonlySet<string> = new Set(['ingress', 'egress'])
const families: ReadonlySet<string> = new Set(['ip', 'inet', 'netdev', 'bridge'])

function nftChain(given: NftChain): Chain[] {
  const { family, table, chain, hook, priority = 0, policy, kind, rules, devices } = given
  if (!families.has(family)) return []
  const name = `${family} ${table}`
  const isAsked = hook !== undefined && (hooks.has(hook) || ofDevices.has(hook))
  return [
    {
      ...{ table: name, name: chain, priority, translates: kind === 'nat' },
      ...(isAsked ? { hook: (family === 'bridge' ? `bridge-${hook}` : hook) as Hook } : {}),
      ...(devices === undefined ? {} : { devices }),
      ...(policy === 'accept' || policy === 'drop' ? { policy } : {}),
      rules: rules.map((rule) => nftRule(rule, name, chain, handles(rules).indexOf(rule.handle) + 1)),
    },
  ]
}

/** A lookup in a map is one rule in several parts. */
function handles(rules: readonly NftRule[]): number[] {
  return [...new Set(rules.map(({ handle }) => handle))]
}

function nftRule(rule: NftRule, table: string, chain: string, position: number): PlacedRule {
  return { ...rule, table, chain, position, text: nftText(rule) }
}

/** Close to how nft itself lists it. */
export function nftText({ conditions, ...effect }: Omit<NftRule, 'handle'>): string {
  return [
    ...conditions.map(conditionText),
    ...(effect.marks === undefined ? [] : [`meta mark set 0x${effect.marks.toString(16)}`]),
    ...(effect.leadsTo === undefined ? [] : [`dnat to ${effect.leadsTo}`]),
    ...(effect.masquerades === undefined ? [] : ['masquerade']),
    ...(effect.untracks === undefined ? [] : ['notrack']),
    ...(effect.verdict === '' ? [] : [effect.verdict]),
  ].join(' ')
}

/** A set of more is told by its first ones: lists of attackers have thousands. */
const mostValues = 8

function conditionText({ left, not, values }: RuleCondition): string {
  const [first = '?'] = values
  const told = values.slice(0, values.length > mostValues ? mostValues - 2 : mostValues)
  const more = values.length > told.length ? [`… ${values.length - told.length} more`] : []
  const value = values.length > 1 ? `{ ${[...told, ...more].join(', ')} }` : first
  return `${left} ${not === true ? '!= ' : ''}${value}`
}

/** As somebody would look it up. */
export function placeOfRule({
  table,
  chain,
  position,
}: Pick<PlacedRule, 'table' | 'chain' | 'position'>): string {
  return `${table} ${chain} rule ${position}`
}
