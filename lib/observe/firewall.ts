import type { FirewallBackend, FirewallPolicy, FirewallRule } from './host-state.ts'

/** Reads `iptables-save -c`. Positions count within a chain, in order, from 1. */
export function parseFirewall(lines: readonly string[]): readonly FirewallRule[] {
  const rules: FirewallRule[] = []
  const positions = new Map<string, number>()
  let table = ''
  for (const line of lines) {
    if (line.startsWith('*')) table = line.slice(1).trim()
    const rule = /^\[(\d+):(\d+)\] -A (\S+) ?(.*)$/.exec(line)
    if (!rule) continue
    const chain = rule[3] ?? ''
    const position = (positions.get(`${table} ${chain}`) ?? 0) + 1
    positions.set(`${table} ${chain}`, position)
    rules.push({
      table,
      chain,
      position,
      rule: rule[4] ?? '',
      packets: Number(rule[1]),
      bytes: Number(rule[2]),
    })
  }
  return rules
}

/** Built-in chains of the same output. */
export function parsePolicies(lines: readonly string[]): readonly FirewallPolicy[] {
  let table = ''
  return lines.flatMap((line) => {
    if (line.startsWith('*')) table = line.slice(1).trim()
    const [, chain = '', policy = '', packets = '0'] = /^:(\S+) (ACCEPT|DROP) \[(\d+):\d+\]/.exec(line) ?? []
    return chain === '' ? [] : [{ table, chain, policy, packets: Number(packets) }]
  })
}

/** Which implementation `iptables` is, and whether the legacy one holds tables besides. */
export function parseFirewallBackend(lines: readonly string[]): FirewallBackend {
  const program = lines.find((line) => line.startsWith('/')) ?? ''
  const legacyTables = lines.flatMap((line) => /^legacy-table (\S+)/.exec(line)?.[1] ?? [])
  const backend = program.includes('nft') ? 'nft' : program === '' ? 'none' : 'legacy'
  return { backend, program, legacyTables }
}
