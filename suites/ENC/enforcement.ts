import type { Problem } from '../../lib/observation/problem.ts'
import type { FirewallRule, HostState, NamespaceState, NftChain } from '../../lib/observe/host-state.ts'
import { placeOfRule, type PlacedRule, type Ruleset, rulesetOf } from '../../lib/observe/ruleset.ts'
import { type AskedPacket, type AskedRule, whoDecides } from '../../lib/observe/who-decides.ts'
import { engineMark } from '../../lib/change/outbound-policies.ts'

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
export function hostRules({ root, nftables }: HostState): VxlanRules {
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
 * The two rules by which an engine enforces that an overlay is encrypted, told by what they do to packets of its VNI,
 * wherever they stand, and what is wrong with them: missing, for another VNI, or behind a rule that decides about the
 * same packets first.
 */
export function enforcement(
  rules: VxlanRules,
  { vni, dataPathPort }: { readonly vni: number; readonly dataPathPort: number },
  node: string,
): Enforcement {
  const where = { node, expected: vni, kind: 'missed' as const }
  const ruleset = rulesetOf(rules)
  const packet: AskedPacket = { protocol: 'udp', destinationPort: dataPathPort, vni }
  const leaving = whoDecides(ruleset, 'output', packet).asked
  const arriving = arrivals(ruleset, { ...packet, byIpsec: false })
  const marking = leaving.find((asked) => asked.rule.marks === engineMark && isForVni(asked))
  const dropping = arriving.find(
    (asked) => (asked.rule.verdict === 'drop' || asked.rule.verdict === 'reject') && isForVni(asked),
  )
  const shadowing = (asked: readonly AskedRule[], effective: AskedRule): Problem[] =>
    shadows(asked, effective).map((problem) => ({ ...problem, node }))
  return {
    ...(marking === undefined ? {} : { marking: marking.rule }),
    ...(dropping === undefined ? {} : { dropping: dropping.rule }),
    problems: [
      ...(marking === undefined
        ? [{ ...where, code: 'mark-rule-missing' as const }]
        : shadowing(leaving, marking)),
      ...(dropping === undefined
        ? [{ ...where, code: 'drop-rule-missing' as const }]
        : shadowing(arriving, dropping)),
    ],
  }
}

function arrivals(ruleset: Ruleset, packet: AskedPacket): AskedRule[] {
  return (['prerouting', 'input'] as const).flatMap((hook) => whoDecides(ruleset, hook, packet).asked)
}

/** All packets of the VNI, as far as its conditions are understood. */
function isForVni({ rule, applies }: AskedRule): boolean {
  return applies !== 'some' && rule.conditions.some(({ left, not }) => left === 'vni' && not !== true)
}

/** Rules of the same chain, or of chains it leads to, that may let the packets pass before the effective one is asked. */
function shadows(asked: readonly AskedRule[], effective: AskedRule): Problem[] {
  const before = asked.slice(0, asked.indexOf(effective)).filter(({ base }) => base === effective.base)
  const tops = before.flatMap(({ rule, path }) => {
    const [top] = path
    const passes =
      // A program that is asked may accept.
      rule.verdict === 'accept' ||
      rule.verdict === 'queue' ||
      ((rule.verdict === 'return' || isLeftBy(rule, effective, before)) && leaves(path, effective.path))
    return passes && top !== undefined ? [top] : []
  })
  return [...new Set(tops)].map((rule): Problem => ({
    ...{ code: 'enforcement-shadowed', kind: 'seen', expected: effective.rule.position },
    subject: `${placeOfRule(rule)} ("${shorten(rule.text)}")`,
  }))
}

/** Whether packets go to another chain for good, and out of it again: not where all of them are dropped there. */
function isLeftBy(rule: PlacedRule, effective: AskedRule, before: readonly AskedRule[]): boolean {
  const drops = before.some(
    ({ rule: { verdict, conditions }, path }) =>
      path.at(-2) === rule && (verdict === 'drop' || verdict === 'reject') && conditions.length === 0,
  )
  return rule.forGood === true && !effective.path.includes(rule) && !drops
}

/** Whether a RETURN takes packets out of the chain by which the effective rule would be reached. */
function leaves(path: readonly PlacedRule[], effective: readonly PlacedRule[]): boolean {
  return path.length <= effective.length && path.slice(0, -1).every((rule, at) => rule === effective[at])
}

function shorten(rule: string): string {
  return rule.length > 90 ? `${rule.slice(0, 87)}...` : rule
}
