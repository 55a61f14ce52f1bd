import type { Deciding } from '../observe/deciding.ts'
import type { FirewallRule } from '../observe/host-state.ts'
import { type Chain, type PlacedRule, placeOfRule, type Ruleset, rulesetOf } from '../observe/ruleset.ts'
import type { LabView } from './lab-view.ts'

/** All that decides about packets in a node’s own namespace. */
export function nodeRuleset({ root, nftables }: Pick<Deciding, 'root' | 'nftables'>): Ruleset {
  return rulesetOf({ ...root, ...(nftables === undefined ? {} : { nftables }) })
}

/** What was not read is not missing. */
export const isFirewallRead = ({ unavailable, firewallBackend }: Deciding): boolean =>
  firewallBackend.backend !== 'none' &&
  !unavailable.some(({ tool }) => tool === 'iptables-save' || tool === 'nft')

/** The other implementation of iptables than the one that was read has the table, or may have it. */
export function mayBeElsewhere({ firewallBackend, nftables }: Deciding, table: string): boolean {
  const { backend, legacyTables } = firewallBackend
  return backend === 'nft' ? legacyTables.includes(table) : nftables !== undefined
}

/** Whether a rule of the engine that was not seen in a table is missing: what was read is where the engine writes. */
export function isWholeTable(state: Deciding, table: string): boolean {
  return isFirewallRead(state) && (hasEngineRules(state, table) || !mayBeElsewhere(state, table))
}

/**
 * By the engine’s chains, the jumps to them, and its tables, on which no other program writes. What merely names one of
 * its bridges an operator may have written, and DOCKER-USER is the operator’s own.
 */
export function hasEngineRules({ root, nftables }: Deciding, table: string): boolean {
  return (
    root.firewall.some((rule) => rule.table === table && isOfEngine(rule)) ||
    (nftables ?? []).some(
      (chain) => chain.table.startsWith('docker') && chain.rules.length > 0 && isOfTable(chain.kind, table),
    )
  )
}

/** In a chain that the engine fills, or leading to one. */
function isOfEngine({ chain, rule }: FirewallRule): boolean {
  const [, target = ''] = /(?:^| )-j (\S+)/.exec(rule) ?? []
  return [chain, target].some((name) => enginesChains.test(name))
}

/** Spelled out, because operators give chains of their own names that begin alike. */
const enginesChains = /^DOCKER(?:-(?:INGRESS|FORWARD|BRIDGE|CT|INTERNAL|ISOLATION(?:-STAGE-[12])?))?$/

/** Whether a rule is in a chain that the engine fills: what it says of some packets the engine said. */
export function isInEnginesChain({ table, chain }: PlacedRule): boolean {
  return table.includes(' ') ? / docker/.test(table) : enginesChains.test(chain)
}

/** An engine with the backend nftables has one table for both. */
const isOfTable = (kind: string | undefined, table: string): boolean => kind === undefined || kind === table

/** A rule or policy as people look it up. */
export function describeDecider(by: PlacedRule | Chain): string {
  return 'position' in by
    ? `${placeOfRule(by)}${by.text === '' ? '' : ` (${by.text})`}`
    : `the policy of ${by.table} ${by.name}`
}

/** What it counted while the run went on; one that was not there has counted since it was made. */
export function countedMeanwhile(
  { kernelBefore, kernelAfter }: LabView,
  node: string,
  by: PlacedRule | Chain,
): number | undefined {
  const [before, after] = [kernelBefore?.[node], kernelAfter?.[node]]
  return after === undefined || before === undefined ? undefined : risen(by, nodeRuleset(before))
}

/** As `countedMeanwhile`, by what stood there before. */
export function risen(by: PlacedRule | Chain, former: Ruleset | undefined): number | undefined {
  if (former === undefined) return undefined
  if (!('position' in by)) {
    const was = former.find(({ table, name }) => table === by.table && name === by.name)
    return by.policyPackets === undefined ? undefined : since(by.policyPackets, was?.policyPackets)
  }
  if (by.packets === undefined) return undefined
  const rules = former.find(({ table, name }) => table === by.table && name === by.chain)?.rules ?? []
  const was =
    rules.find(({ text }) => text === by.text) ?? rules.find((rule) => isSameWithOtherSets(rule, by))
  return since(by.packets, was?.packets)
}

/** A reload writes rules anew, and `iptables -Z` sets them to nothing: then all that it has was counted since. */
function since(packets: number, before = 0): number {
  return packets < before ? packets : packets - before
}

/** What a set holds changes while the rule stays: lists of attackers grow and expire. */
function isSameWithOtherSets(one: PlacedRule, other: PlacedRule): boolean {
  const asks = ({ conditions }: PlacedRule): string =>
    conditions.map(({ left, not }) => `${left} ${not === true}`).join()
  return (
    one.handle !== undefined &&
    one.handle === other.handle &&
    one.verdict === other.verdict &&
    asks(one) === asks(other)
  )
}

/** For proofs. */
export function countTold(packets: number | undefined): string {
  return packets === undefined ? '' : `, ${packets} packets while the requirements were verified`
}

/** The command that deletes a rule; none of a chain that another program manages. */
export function deletion({ table, chain, text }: PlacedRule): string {
  return table.includes(' ')
    ? `nft -a list chain ${table} ${chain}\` shows its handle, and \`nft delete rule ${table} ${chain} handle HANDLE`
    : `iptables -t ${table} -D ${chain} ${text}`
}
