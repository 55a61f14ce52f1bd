import type { NftChain, NftRule } from './host-state.ts'

/** Tables that iptables-nft manages: `iptables-save` tells what is in them. */
const ofIptables = new Set(['filter', 'nat', 'mangle', 'raw', 'security'])

interface Listed {
  readonly chain?: {
    readonly family: string
    readonly table: string
    readonly name: string
    readonly hook?: string
    readonly prio?: number
    readonly policy?: string
  }
  readonly rule?: {
    readonly family: string
    readonly table: string
    readonly chain: string
    readonly handle: number
    readonly expr?: readonly Readonly<Record<string, unknown>>[]
  }
}

/** Reads `nft -j list ruleset`; what iptables manages is left out. Empty where it is not what nft prints. */
export function parseNftables(line: string | undefined): readonly NftChain[] {
  let listed: readonly Listed[]
  try {
    listed = (JSON.parse(line ?? '') as { nftables?: readonly Listed[] }).nftables ?? []
  } catch {
    return []
  }
  const native = ({ family, table }: { family: string; table: string }): boolean =>
    !(ofIptables.has(table) && (family === 'ip' || family === 'ip6'))
  return listed.flatMap(({ chain }) => {
    if (chain === undefined || !native(chain)) return []
    const { family, table, name, hook, prio, policy } = chain
    const rules = listed.flatMap(({ rule }) =>
      rule !== undefined && rule.family === family && rule.table === table && rule.chain === name
        ? [nftRule(rule)]
        : [],
    )
    return [
      {
        ...{ family, table, chain: name, rules },
        ...(hook === undefined ? {} : { hook }),
        ...(prio === undefined ? {} : { priority: prio }),
        ...(policy === undefined ? {} : { policy }),
      },
    ]
  })
}

const verdicts = ['drop', 'reject', 'accept', 'return', 'queue'] as const

function nftRule({ handle, expr = [] }: NonNullable<Listed['rule']>): NftRule {
  let verdict = ''
  let packets: number | undefined
  const matches: Record<string, string> = {}
  for (const part of expr) {
    const plain = verdicts.find((name) => name in part)
    if (plain !== undefined) verdict = plain
    const target = (part['jump'] ?? part['goto']) as { target?: string } | undefined
    if (target?.target !== undefined) verdict = target.target
    const counter = part['counter'] as { packets?: number } | undefined
    if (counter?.packets !== undefined) packets = counter.packets
    const match = part['match'] as { left: unknown; op?: string; right: unknown } | undefined
    if (match !== undefined)
      matches[leftText(match.left)] = `${match.op === '!=' ? '!= ' : ''}${text(match.right)}`
  }
  return { handle, verdict, matches, ...(packets === undefined ? {} : { packets }) }
}

function leftText(left: unknown): string {
  const { payload, meta, ct } = left as {
    payload?: { protocol?: string; field?: string }
    meta?: { key?: string }
    ct?: { key?: string }
  }
  if (payload?.protocol !== undefined) return `${payload.protocol} ${payload.field ?? ''}`.trim()
  if (meta?.key !== undefined) return /^[io]ifname$|^[io]if$/.test(meta.key) ? meta.key : `meta ${meta.key}`
  return ct?.key === undefined ? text(left) : `ct ${ct.key}`
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? String(value)
    : JSON.stringify(value).slice(0, 200)
}
