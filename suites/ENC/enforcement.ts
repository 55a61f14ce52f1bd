import type { Problem } from '../../lib/observation/problem.ts'
import type { FirewallRule } from '../../lib/observe/host-state.ts'
import { engineMark } from './ledger.ts'
import { matchedVni } from '../../lib/observe/vni-match.ts'

export interface Enforcement {
  /** Marks what leaves for encryption. */
  readonly marking?: FirewallRule
  /** Drops what arrives unencrypted. */
  readonly dropping?: FirewallRule
  readonly problems: readonly Problem[]
}

/** Rules that may decide about VXLAN: of the tables and chains it passes, and chains those lead to. */
export function aboutVxlan(rules: readonly FirewallRule[]): FirewallRule[] {
  const reached = new Set(['filter INPUT', 'mangle INPUT', 'mangle OUTPUT'])
  // A set that grows while it is walked: chains that these lead to are walked, too.
  for (const place of reached)
    for (const { table, chain, rule } of rules)
      if (`${table} ${chain}` === place) reached.add(`${table} ${target(rule)}`)
  return rules.filter(({ table, chain }) => reached.has(`${table} ${chain}`))
}

/**
 * The two rules by which an engine enforces that an overlay is encrypted, and what is wrong with them: missing, for
 * another VNI, or behind a rule that decides about the same packets first.
 */
export function enforcement(
  rules: readonly FirewallRule[],
  expected: { readonly vni: number; readonly dataPathPort: number },
  node: string,
): Enforcement {
  const where = { node, expected: expected.vni, kind: 'missed' as const }
  const marking = rules.find(
    ({ table, chain, rule }) =>
      table === 'mangle' && chain === 'OUTPUT' && setsMark(rule) && isAbout(rule, expected),
  )
  const dropping = rules.find(
    ({ table, chain, rule }) =>
      (table === 'filter' || table === 'mangle') &&
      chain === 'INPUT' &&
      target(rule) === 'DROP' &&
      isAbout(rule, expected) &&
      !rule.includes('--pol ipsec'),
  )
  const shadowing = (rule: FirewallRule): Problem[] =>
    shadows(rules, rule, expected.dataPathPort, ['ACCEPT', 'RETURN']).map((problem) => ({ ...problem, node }))
  const problems: Problem[] = [
    ...(marking === undefined ? [{ ...where, code: 'mark-rule-missing' as const }] : shadowing(marking)),
    ...(dropping === undefined ? [{ ...where, code: 'drop-rule-missing' as const }] : shadowing(dropping)),
  ]
  return {
    ...(marking === undefined ? {} : { marking }),
    ...(dropping === undefined ? {} : { dropping }),
    problems,
  }
}

function setsMark(rule: string): boolean {
  const value = /--set-x?mark (0x[0-9a-f]+|\d+)/.exec(rule)?.[1]
  return target(rule) === 'MARK' && Number(value) === engineMark
}

function isAbout(rule: string, expected: { readonly vni: number; readonly dataPathPort: number }): boolean {
  return matchedVni(rule) === expected.vni && rule.includes(`--dport ${expected.dataPathPort}`)
}

function shadows(
  rules: readonly FirewallRule[],
  effective: FirewallRule,
  port: number,
  targets: readonly string[],
): Problem[] {
  const before = rules.filter(
    ({ table, chain, position }) =>
      table === effective.table && chain === effective.chain && position < effective.position,
  )
  return before
    .filter((rule) => decides(rules, rule, port, targets, new Set()))
    .map((rule): Problem => ({
      ...{ code: 'enforcement-shadowed', kind: 'seen', expected: effective.position },
      subject: `${rule.table} ${rule.chain} rule ${rule.position} ("${shorten(rule.rule)}")`,
    }))
}

/** Whether a rule can let VXLAN pass before the rules behind it are asked. Jumps are followed. */
function decides(
  rules: readonly FirewallRule[],
  { table, rule }: FirewallRule,
  port: number,
  targets: readonly string[],
  visited: ReadonlySet<string>,
): boolean {
  if (!canMatchVxlan(rule, port)) return false
  const to = target(rule)
  if (to === undefined) return false
  if (targets.includes(to)) return true
  if (visited.has(to)) return false
  return rules
    .filter((inner) => inner.table === table && inner.chain === to)
    .some((inner) => decides(rules, inner, port, ['ACCEPT'], new Set([...visited, to])))
}

/** Unencrypted VXLAN of any sender. A match that is not understood is taken to match. */
function canMatchVxlan(rule: string, port: number): boolean {
  const protocol = /(! )?-p (\S+)/.exec(rule)
  if (protocol && !protocol[1] && !['udp', 'all', '17'].includes(protocol[2] ?? '')) return false
  if (/(^| )-[io] lo\b/.test(rule) || rule.includes('--pol ipsec')) return false
  if (matchedVni(rule) !== undefined) return false
  const ports = /(! )?--dports? (\S+)/.exec(rule)
  if (ports && !ports[1] && !(ports[2] ?? '').split(',').some((range) => covers(range, port))) return false
  return true
}

function covers(range: string, port: number): boolean {
  const [from, to] = range.split(':')
  return port >= Number(from || 0) && port <= Number(to === undefined ? from : to || 65_535)
}

function target(rule: string): string | undefined {
  return /(?:^| )-[jg] (\S+)/.exec(rule)?.[1]
}

function shorten(rule: string): string {
  return rule.length > 90 ? `${rule.slice(0, 87)}...` : rule
}
