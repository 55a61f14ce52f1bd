import { randomBytes } from 'node:crypto'
import type { Remote } from '../remote/remote.ts'
import type { FirewallPolicy, FirewallRule } from './host-state.ts'

/** The rules of a namespace as `iptables-save -c` printed them. */
export interface SavedRules {
  readonly firewall: readonly FirewallRule[]
  readonly policies: readonly FirewallPolicy[]
}

/** Of a host, by the number that `observe.pl` gives them. */
export type KnownRules = Map<string, SavedRules>

/**
 * What stood in a host's namespaces when it was looked at last. `iptables-save` is the dearest thing that a look asks of an
 * emulated host, and most rules stay as they are: a host that is told their numbers says of those it has again no more
 * than what they counted.
 */
const known = new WeakMap<Remote, KnownRules>()

/** What numbers begin with, so that nobody can make rules up that have the number of others. */
export const seed = randomBytes(7).readUIntBE(0, 6) + 1

export function knownRulesOf(remote: Remote): KnownRules {
  return known.get(remote) ?? new Map<string, SavedRules>()
}

export function keepRules(remote: Remote, rules: KnownRules): void {
  known.set(remote, rules)
}

/** What the rules of a namespace counted by now, chain by chain and in order. */
export type RuleCounts = ReadonlyMap<string, readonly RuleCount[]>

interface RuleCount {
  readonly packets: number
  readonly bytes: number
}

/** Lines `rule TABLE CHAIN PACKETS BYTES`, in their order in each chain, and `policy` in place of `rule` for its policy. */
export function parseRuleCounts(lines: readonly string[]): RuleCounts {
  const counts = new Map<string, RuleCount[]>()
  for (const line of lines) {
    const [, key, packets, bytes] = /^((?:rule|policy) \S+ \S+) (\d+) (\d+)$/.exec(line) ?? []
    if (key === undefined) continue
    const count = { packets: Number(packets), bytes: Number(bytes) }
    const of = counts.get(key)
    if (of === undefined) counts.set(key, [count])
    else of.push(count)
  }
  return counts
}

/** The same rules with what they counted by now; undefined where the counts are of others. */
export function countedRules(rules: SavedRules, counts: RuleCounts): SavedRules | undefined {
  const counted = rules.firewall.map((rule) => {
    const count = counts.get(`rule ${rule.table} ${rule.chain}`)?.[rule.position - 1]
    return count === undefined ? undefined : { ...rule, ...count }
  })
  const firewall = counted.filter((rule) => rule !== undefined)
  const all = [...counts].filter(([key]) => key.startsWith('rule ')).flatMap(([, of]) => of)
  if (firewall.length !== rules.firewall.length || all.length !== firewall.length) return undefined
  const policies = rules.policies.map((policy) => {
    const [count] = counts.get(`policy ${policy.table} ${policy.chain}`) ?? []
    return count === undefined ? policy : { ...policy, packets: count.packets }
  })
  return { firewall, policies }
}
