import type { FirewallRule } from '../../lib/observe/host-state.ts'
import { engineMark } from './ledger.ts'
import { matchedVni } from './vni-match.ts'

export interface Enforcement {
  /** Marks what leaves for encryption. */
  readonly marking?: FirewallRule
  /** Drops what arrives unencrypted. */
  readonly dropping?: FirewallRule
  readonly problems: readonly string[]
}

/**
 * The two rules by which an engine enforces that an overlay is encrypted, and what is wrong with them: missing, for
 * another VNI, or behind a rule that decides about the same packets first.
 */
export function enforcement(
  rules: readonly FirewallRule[],
  expected: { readonly vni: number; readonly dataPathPort: number },
): Enforcement {
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
  const problems: string[] = []
  if (marking === undefined)
    problems.push(`no rule in mangle OUTPUT marks VNI ${expected.vni} for encryption`)
  else problems.push(...shadows(rules, marking, expected.dataPathPort, ['ACCEPT', 'RETURN']))
  if (dropping === undefined) problems.push(`no rule in INPUT drops unencrypted VNI ${expected.vni}`)
  else problems.push(...shadows(rules, dropping, expected.dataPathPort, ['ACCEPT', 'RETURN']))
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
): string[] {
  const before = rules.filter(
    ({ table, chain, position }) =>
      table === effective.table && chain === effective.chain && position < effective.position,
  )
  return before
    .filter((rule) => decides(rules, rule, port, targets, new Set()))
    .map(
      (rule) =>
        `${rule.table} ${rule.chain} rule ${rule.position} ("${shorten(rule.rule)}") decides before rule ${effective.position}, which enforces encryption`,
    )
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
