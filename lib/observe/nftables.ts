import type { NftChain, NftRule, RuleCondition, RuleEffect } from './host-state.ts'

/** Tables that iptables-nft manages: `iptables-save` tells what is in them, as far as iptables made it. */
const ofIptables = new Set(['filter', 'nat', 'mangle', 'raw', 'security'])
const builtIn = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'])

type Expression = Readonly<Record<string, unknown>>

interface InTable {
  readonly family: string
  readonly table: string
}

interface Listed {
  readonly chain?: InTable & {
    readonly name: string
    readonly type?: string
    readonly hook?: string
    /** One, or a list from nftables 1.0.7 on. */
    readonly dev?: string | readonly string[]
    readonly prio?: number
    readonly policy?: string
  }
  readonly rule?: InTable & {
    readonly chain: string
    readonly handle: number
    readonly expr?: readonly Expression[]
  }
  readonly set?: InTable & { readonly name: string; readonly elem?: readonly unknown[] }
  readonly map?: InTable & { readonly name: string; readonly elem?: readonly unknown[] }
}

/** Elements of the sets and maps of one table, by name. */
type Elements = ReadonlyMap<string, readonly unknown[]>

/**
 * Reads `nft -j list ruleset`; what iptables manages is left out. Empty where it is not what nft prints.
 *
 * @param saved what `iptables-save` printed of the same namespace: it says which tables it cannot read
 */
export function parseNftables(line: string | undefined, saved: readonly string[] = []): readonly NftChain[] {
  let listed: readonly Listed[]
  try {
    const { nftables } = JSON.parse(line ?? '') as { nftables?: unknown }
    listed = Array.isArray(nftables) ? (nftables as readonly Listed[]) : []
  } catch {
    return []
  }
  const unreadable = new Set(
    saved.flatMap((text) => /^# Table `(\w+)' is incompatible/.exec(text)?.[1] ?? []),
  )
  const native = ({ family, table }: InTable): boolean =>
    !(ofIptables.has(table) && (family === 'ip' || family === 'ip6')) || unreadable.has(table)
  const chains = listed.flatMap(({ chain }) => {
    if (chain === undefined) return []
    const { family, table, name, type, hook, dev, prio, policy } = chain
    const elements = elementsOf(listed, chain)
    const rules = listed.flatMap(({ rule }) =>
      rule !== undefined && rule.family === family && rule.table === table && rule.chain === name
        ? nftRules(rule, elements)
        : [],
    )
    return [
      {
        ...{ family, table, chain: name, rules },
        ...(hook === undefined ? {} : { hook }),
        ...(dev === undefined ? {} : { devices: [dev].flat() }),
        ...(type === undefined ? {} : { kind: type }),
        ...(prio === undefined ? {} : { priority: prio }),
        ...(policy === undefined ? {} : { policy }),
      },
    ]
  })
  const kept = new Set(
    chains.filter((one) => native(one) || (one.hook !== undefined && !builtIn.has(one.chain))),
  )
  // A set that grows while it is walked: what a chain leads to in a table of iptables belongs to it.
  for (const { family, table, rules } of kept)
    for (const { verdict } of rules)
      for (const one of chains)
        if (one.family === family && one.table === table && one.chain === verdict) kept.add(one)
  return chains.filter((one) => kept.has(one))
}

function elementsOf(listed: readonly Listed[], { family, table }: InTable): Elements {
  return new Map(
    listed.flatMap(({ set, map }) =>
      [set, map].flatMap((held) =>
        held !== undefined && held.family === family && held.table === table
          ? [[held.name, held.elem ?? []] as const]
          : [],
      ),
    ),
  )
}

/** At random, or by a hash of the packet, which is the same for whoever looks at many. */
const chooses = /"numgen":\{"mode":"random"|"(jhash|symhash)":/

/** One rule, or one for each element of the verdict map that it looks packets up in. */
function nftRules({ handle, expr = [] }: NonNullable<Listed['rule']>, elements: Elements): NftRule[] {
  let conditions: readonly RuleCondition[] = []
  let effect: RuleEffect = { verdict: '' }
  let packets: number | undefined
  let lookups: readonly NftRule[] = []
  for (const part of expr) {
    const { packets: count } = object(part['counter'])
    if (typeof count === 'number') packets = count
    conditions = [...conditions, ...conditionOf(part, elements)]
    effect = { ...effect, ...effectOf(part) }
    if ('vmap' in part) lookups = verdictsOf(object(part['vmap']), elements, handle)
    if ('dnat' in part) lookups = targetsOf(object(object(part['dnat'])['addr']), elements, handle)
  }
  if (chooses.test(JSON.stringify(expr))) effect = { ...effect, random: true }
  const counted = packets === undefined ? {} : { packets }
  if (lookups.length === 0) return [{ handle, ...effect, conditions, ...counted }]
  const { random } = effect
  const choosing = random === undefined ? {} : { random }
  return lookups.map((one) => ({
    ...one,
    ...counted,
    ...choosing,
    conditions: [...conditions, ...one.conditions],
  }))
}

/** `{ key, data }` of a verdict map, whose data are the map itself or its name. */
function verdictsOf({ key, data }: Expression, elements: Elements, handle: number): NftRule[] {
  const left = leftText(key)
  const pairs = typeof data === 'string' ? (elements.get(data.slice(1)) ?? []) : asList(object(data)['set'])
  const keys = pairs.map((pair) => asList(pair)[0]).filter((value) => !isOfAllOthers(value))
  return pairs.flatMap((pair) => {
    const [value, verdict] = asList(pair)
    const of = object(verdict)
    const condition: RuleCondition = isOfAllOthers(value)
      ? { left, not: true, values: keys.length === 0 ? [noValue] : listOf(keys, elements) }
      : { left, values: valuesOf(value, elements) }
    return Object.keys(of).length === 0
      ? []
      : [{ handle, verdict: '', ...effectOf(of), conditions: [condition] }]
  })
}

/** The element of a map that applies where no other does. */
const isOfAllOthers = (value: unknown): boolean =>
  value === '*' || object(object(value)['elem'])['val'] === '*'

/** DNAT to where a map leads by what the packet is, whatever chance has to do with it; none where it is by chance alone. */
function targetsOf({ map }: Expression, elements: Elements, handle: number): NftRule[] {
  const { key, data } = object(map)
  if (map === undefined || isChance(key)) return []
  const pairs = typeof data === 'string' ? elements.get(data.slice(1)) : asList(object(data)['set'])
  // A map without elements leads nowhere.
  if (pairs?.length === 0) return [{ handle, verdict: '', leadsTo: '?', conditions: noKeyMatches(key) }]
  return (pairs ?? []).map((pair) => {
    const [value, to] = asList(pair)
    const places = 'concat' in object(to) ? asList(object(to)['concat']) : [to]
    return {
      ...{ handle, verdict: '', leadsTo: places.flatMap(placeText).join(':') },
      conditions: keyConditions(key, value, elements),
    }
  })
}

function noKeyMatches(key: unknown): RuleCondition[] {
  const parts = asList(object(key)['concat'] ?? key).filter((part) => !isChance(part))
  return parts.map((part) => ({ left: leftText(part), values: [noValue] }))
}

function isChance(key: unknown): boolean {
  return 'numgen' in object(key) || 'jhash' in object(key)
}

/** What the key of a map is where an element of it applies; of a key of several parts each is a condition. */
function keyConditions(key: unknown, value: unknown, elements: Elements): RuleCondition[] {
  const { elem } = object(value)
  const held = elem === undefined ? value : object(elem)['val']
  const { concat } = object(key)
  if (concat === undefined) return [{ left: leftText(key), values: valuesOf(held, elements) }]
  const parts = asList(object(held)['concat'])
  return asList(concat).flatMap((part, index) =>
    isChance(part) ? [] : [{ left: leftText(part), values: valuesOf(parts[index], elements) }],
  )
}

function conditionOf(part: Expression, elements: Elements): RuleCondition[] {
  if ('match' in part) {
    const { left, op, right } = object(part['match'])
    const values = valuesOf(right, elements)
    const known = op === '==' || op === '!=' || op === 'in' || op === undefined
    return [
      {
        ...{ left: leftText(left), values: known ? values : rangeOf(op, right) },
        ...(op === '!=' ? { not: true as const } : {}),
      },
    ]
  }
  // Matches and targets of iptables; limits, which let pass what they do not say.
  if ('xt' in part) return [{ left: `xt ${textOf(object(part['xt'])['name'])}`, values: [] }]
  // It says so by what it translates to, and not by a match.
  if (object(part['dnat'])['family'] === 'ip6') return [{ left: 'meta nfproto', values: ['ipv6'] }]
  return 'limit' in part || 'quota' in part || 'ct count' in part
    ? [{ left: Object.keys(part)[0] ?? '', values: [] }]
    : []
}

const largest = 0xffffffff

/** What is larger or smaller than a number, as a range; none of anything else. */
function rangeOf(op: unknown, right: unknown): string[] {
  if (typeof right !== 'number') return []
  if (op === '>' || op === '>=') return [`${op === '>' ? right + 1 : right}-${largest}`]
  return op === '<' || op === '<=' ? [`0-${op === '<' ? right - 1 : right}`] : []
}

const verdicts = ['drop', 'reject', 'accept', 'return', 'queue'] as const

function effectOf(part: Expression): Partial<RuleEffect> {
  const plain = verdicts.find((name) => name in part)
  if (plain !== undefined) return { verdict: plain }
  for (const way of ['jump', 'goto']) {
    const { target } = object(part[way])
    if (typeof target === 'string')
      return { verdict: target, ...(way === 'goto' ? { forGood: true as const } : {}) }
  }
  if ('mangle' in part) {
    const { key, value } = object(part['mangle'])
    if (leftText(key) !== 'meta mark') return {}
    return typeof value === 'number' ? { marks: value } : { remarks: true }
  }
  if ('masquerade' in part) return { masquerades: true }
  if ('notrack' in part) return { untracks: true }
  if ('dnat' in part || 'redirect' in part) {
    const to = object(part['dnat'] ?? part['redirect'])
    return {
      leadsTo: [to['addr'] ?? '', to['port']].flatMap(placeText).join(':'),
    }
  }
  return {}
}

function placeText(value: unknown): string[] {
  if (value === undefined) return []
  return [typeof value === 'string' || typeof value === 'number' ? String(value) : '?']
}

/** VXLAN's VNI: 24 bits behind the UDP header and 32 bits of flags. */
const vniAt = new Set(['th 96 24', 'ih 32 24'])

function leftText(left: unknown): string {
  const { payload, meta, ct, fib, concat, '&': masked } = object(left)
  if (isOfFirstPackets(asList(masked))) return 'tcp flags'
  const { protocol, field, base, offset, len } = object(payload)
  if (field === 'vni') return 'vni'
  if (typeof base === 'string') {
    const place = [base, offset, len].map(textOf).join(' ')
    return vniAt.has(place) ? 'vni' : `@${place}`
  }
  if (typeof protocol === 'string') return `${protocol} ${textOf(field)}`.trim()
  const { key } = object(meta)
  if (typeof key === 'string') return /^[io]ifname$/.test(key) ? key : `meta ${key}`
  const { result, flags } = object(fib)
  if (typeof result === 'string') return `fib ${asList(flags).map(textOf).join(' . ')} ${result}`
  const { key: tracked, dir } = object(ct)
  if (typeof tracked === 'string') return ['ct', ...(typeof dir === 'string' ? [dir] : []), tracked].join(' ')
  const [of, mask] = asList(masked)
  if (typeof mask === 'number') return `${leftText(of)} & 0x${mask.toString(16)}`
  return concat === undefined ? textOf(left) : asList(concat).map(leftText).join(joint)
}

/** Between what is looked at together, and between the values of each, as nft has it. */
export const joint = ' . '

/** TCP's flags, SYN and ACK at least, as in `tcp flags & (fin|syn|rst|ack)`. */
function isOfFirstPackets([flags, mask]: readonly unknown[]): boolean {
  return (
    flags !== undefined && leftText(flags) === 'tcp flags' && /"syn".*"ack"|"ack".*"syn"/.test(textOf(mask))
  )
}

/** Of a set without elements, which matches nothing. */
export const noValue = '{}'

/** None where one of them is not understood. */
function valuesOf(right: unknown, elements: Elements): readonly string[] {
  if (typeof right === 'string' && right.startsWith('@')) {
    const held = elements.get(right.slice(1))
    return held?.length === 0 ? [noValue] : listOf(held ?? [], elements)
  }
  if (Array.isArray(right)) return listOf(right, elements)
  const { set, prefix, range, elem, concat } = object(right)
  if (concat !== undefined) return joined(asList(concat).map((part) => valuesOf(part, elements)))
  if (set !== undefined)
    return typeof set === 'string' ? valuesOf(set, elements) : listOf(asList(set), elements)
  if (elem !== undefined) return valuesOf(object(elem)['val'], elements)
  if (prefix !== undefined) return [`${textOf(object(prefix)['addr'])}/${textOf(object(prefix)['len'])}`]
  if (range !== undefined) return [asList(range).map(textOf).join('-')]
  return ['string', 'number', 'boolean'].includes(typeof right) ? [String(right)] : []
}

/** Of each part its one value. */
function joined(parts: readonly (readonly string[])[]): string[] {
  return parts.every(({ length }) => length === 1) ? [parts.flat().join(joint)] : []
}

function listOf(list: readonly unknown[], elements: Elements): readonly string[] {
  const found = list.map((one) => valuesOf(one, elements))
  // An element of a map is a pair: its key.
  return found.some((values) => values.length === 0) ? [] : found.flat()
}

function object(value: unknown): Expression {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Expression) : {}
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : value === undefined ? [] : [value]
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? String(value)
    : (JSON.stringify(value) ?? '').slice(0, 200)
}
