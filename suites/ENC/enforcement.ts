import type { Problem } from '../../lib/observation/problem.ts'
import { encryptionRules, type EnforcingRule } from '../../lib/observe/encryption-rules.ts'
import type { FirewallRule, NamespaceState, NftChain, RulesState } from '../../lib/observe/host-state.ts'
import { placeOfRule, type PlacedRule, rulesetOf } from '../../lib/observe/ruleset.ts'

export interface Enforcement {
  /** Marks what leaves for encryption. */
  readonly marking?: PlacedRule
  /** Drops what arrives unencrypted. */
  readonly dropping?: PlacedRule
  readonly problems: readonly Problem[]
}

/** What a requirement keeps of a node's firewall: the rules VXLAN may meet, of either program. */
export interface VxlanRules {
  readonly firewall: readonly FirewallRule[]
  readonly nftables: readonly NftChain[]
}

/** Of a host's own namespace, by both programs. */
export function hostRules({ root, nftables }: Pick<RulesState, 'root' | 'nftables'>): VxlanRules {
  return { firewall: root.firewall, nftables: nftables ?? [] }
}

/** Rules that may decide about VXLAN: of the tables and chains it passes, and chains those lead to. */
export function aboutVxlan({
  firewall,
  nftables = [],
}: Pick<NamespaceState, 'firewall' | 'nftables'>): VxlanRules {
  const reached = new Set(['filter INPUT', 'mangle INPUT', 'mangle OUTPUT'])
  // A set that grows while it is walked: chains that these lead to are walked, too.
  for (const place of reached)
    for (const { table, chain, rule } of firewall)
      if (`${table} ${chain}` === place) reached.add(`${table} ${/(?:^| )-[jg] (\S+)/.exec(rule)?.[1] ?? ''}`)
  return {
    firewall: firewall.filter(({ table, chain }) => reached.has(`${table} ${chain}`)),
    nftables: chainsOf(nftables),
  }
}

function chainsOf(chains: readonly NftChain[]): readonly NftChain[] {
  const passed = new Set(
    chains.filter(
      ({ family, hook = '' }) =>
        (family === 'ip' || family === 'inet') && ['prerouting', 'input', 'output'].includes(hook),
    ),
  )
  for (const { family, table, rules } of passed)
    for (const { verdict } of rules)
      for (const chain of chains)
        if (chain.family === family && chain.table === table && chain.chain === verdict) passed.add(chain)
  return [...passed].filter(({ rules }) => rules.length > 0)
}

/**
 * The two rules by which an engine enforces that an overlay is encrypted, and what is wrong with them: missing, for
 * another VNI, or behind a rule that decides about the same packets first.
 */
export function enforcement(
  rules: VxlanRules,
  expected: { readonly vni: number; readonly dataPathPort: number },
  node: string,
): Enforcement {
  const where = { node, expected: expected.vni, kind: 'missed' as const }
  const { marking, dropping } = encryptionRules(rulesetOf(rules), expected)
  return {
    ...(marking === undefined ? {} : { marking: marking.rule }),
    ...(dropping === undefined ? {} : { dropping: dropping.rule }),
    problems: [
      ...(marking === undefined
        ? [{ ...where, code: 'mark-rule-missing' as const }]
        : shadowed(marking, node)),
      ...(dropping === undefined
        ? [{ ...where, code: 'drop-rule-missing' as const }]
        : shadowed(dropping, node)),
    ],
  }
}

function shadowed({ rule: effective, behind }: EnforcingRule, node: string): Problem[] {
  return [...new Set(behind.map(({ top }) => top))].map((rule): Problem => ({
    ...{ code: 'enforcement-shadowed', kind: 'seen', node, expected: effective.position },
    subject: `${placeOfRule(rule)} ("${shorten(rule.text)}")`,
  }))
}

function shorten(rule: string): string {
  return rule.length > 90 ? `${rule.slice(0, 87)}...` : rule
}
