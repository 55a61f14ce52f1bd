import ipaddr from 'ipaddr.js'
import type { RuleCondition } from './host-state.ts'
import { protocolName } from './iptables-rule.ts'
import { joint } from './nftables.ts'
import type { Chain, Hook, PlacedRule, Ruleset } from './ruleset.ts'

/** A name, or any but these. */
export type AskedInterface = string | { readonly noneOf: readonly string[] }

/** What is below the interfaces that packets come in and leave by. */
export interface Below {
  /** Of each VLAN, bond or bridge on the way what it is made on: packets pass one of each list. */
  readonly in: readonly (readonly string[])[]
  readonly out: readonly (readonly string[])[]
  /** Ports of the bridge that packets come in or leave by itself; none where that is not a bridge. */
  readonly portsIn: readonly string[]
  readonly portsOut: readonly string[]
}

/** Packets as far as they are alike. What is left out may be anything, except that no packet is one of loopback. */
export interface AskedPacket {
  readonly protocol: string
  readonly source?: string
  readonly destination?: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  /** The port that its sender asked, before any translation. */
  readonly askedPort?: number
  /** Whether the addresses are the host's own. */
  readonly fromHost?: boolean
  readonly toHost?: boolean
  readonly in?: AskedInterface
  readonly out?: AskedInterface
  /** What is below those interfaces, whose chains meet it as well. Undefined where that is not known. */
  readonly below?: Below
  /** The bridge that it passes, where it is asked about as a frame. */
  readonly bridge?: string
  /** Its size with the IP header. */
  readonly bytes?: number
  /** Of VXLAN. */
  readonly vni?: number
  readonly byIpsec?: boolean
  /** Of its connection: `new`, `established`. */
  readonly state?: string
  /** Its destination was translated. */
  readonly translated?: boolean
  readonly mark?: number
  /** No program sends it: it has no owner. */
  readonly ofKernel?: boolean
}

/** Whether a rule applies to the packets: to all, to some of them, or by a match that is not understood. */
export type Applies = 'all' | 'some' | 'unread'

/** A rule that such packets meet, or may meet. */
export interface AskedRule {
  readonly rule: PlacedRule
  readonly applies: Applies
  /** The chain with a hook that it was reached from. */
  readonly base: Chain
  /** Rules that led to it, the one in `base` first, itself last. */
  readonly path: readonly PlacedRule[]
  /** Another decided about all of the packets before. */
  readonly beyond: boolean
  /** A rule of the same base chain that is not understood is asked before and may let all of the packets pass it by. */
  readonly doubted: boolean
}

export interface Decision {
  /** Every rule that applies, in the order in which they are asked. */
  readonly asked: readonly AskedRule[]
  /** What becomes of packets that none of `unless` decided about; undefined where a policy is not known. */
  readonly verdict: 'accept' | 'drop' | 'reject' | 'queue' | undefined
  /** The rule, or the chain whose policy it is; none where nothing but accepting policies were met. */
  readonly by: PlacedRule | Chain | undefined
  /** Rules before that accept or drop some of the packets, or that might. */
  readonly unless: readonly AskedRule[]
  /** DNAT: the first that applies to all. */
  readonly translation: AskedRule | undefined
}

const final: ReadonlySet<string> = new Set(['accept', 'drop', 'reject', 'queue'])

/** Whether a rule ends the way through the chains of its table: by a verdict or by translating. */
export function isFinal({ verdict, leadsTo, masquerades }: PlacedRule): boolean {
  return final.has(verdict) || leadsTo !== undefined || masquerades === true
}

/**
 * Who decides about packets at a hook: chains in order of priority, rules in their order, jumps followed. A packet that
 * one chain accepts comes to the next; one that is dropped comes to none.
 */
export function whoDecides(ruleset: Ruleset, hook: Hook, packet: AskedPacket): Decision {
  const asked: AskedRule[] = []
  let verdict: Decision['verdict'] = 'accept'
  let by: Decision['by']
  let isOver = false
  let translation: AskedRule | undefined
  const bases = ruleset
    .flatMap((chain) => {
      const met = chain.hook === hook ? metAt(chain, packet) : undefined
      return met === undefined ? [] : [{ base: chain, ...met }]
    })
    .sort((a, b) => a.base.priority - b.base.priority)
  for (const { base, share, ...met } of bases) {
    // Only the first translation counts.
    const found = walk({
      ruleset,
      ...met,
      base,
      share,
      asked,
      isOver: isOver || (base.translates && translation !== undefined),
    })
    if (isOver) continue
    if (found !== undefined) {
      if (found.rule.leadsTo !== undefined) translation ??= found
      const said = found.rule.verdict
      if (said === 'drop' || said === 'reject' || said === 'queue') {
        ;[verdict, by, isOver] = [said, found.rule, true]
      } else by = found.rule
    } else if (base.policy === 'drop' && share === 'all') {
      ;[verdict, by, isOver] = ['drop', base, true]
    } else if (base.policy === undefined && base.rules.length > 0) verdict = undefined
  }
  const decidedIn = asked.find(({ rule }) => rule === by)?.base ?? by
  // What one chain accepts the next may drop: only the chain that decided lets nothing of it come that far.
  const isSpared = ({ rule, base }: AskedRule): boolean =>
    verdict === 'accept' || verdict === undefined || rule.verdict !== 'accept' || base === decidedIn
  const unless = asked.filter(
    (one) =>
      !one.beyond &&
      (one.applies !== 'all' || one.doubted) &&
      isFinal(one.rule) &&
      one.rule.verdict !== verdict &&
      isSpared(one),
  )
  return { asked, verdict, by, unless, translation }
}

interface Met {
  readonly packet: AskedPacket
  /** A port of a bond gets some of the packets alone. */
  readonly share: 'all' | 'some'
}

/**
 * Packets as a chain meets them, if it does. Chains of a device are asked about what comes in or leaves by it, or by an
 * interface that is made on it; those of bridges about what passes a bridge.
 */
function metAt({ devices, hook }: Chain, packet: AskedPacket): Met | undefined {
  const { below } = packet
  const side = hook === 'egress' ? 'out' : 'in'
  if (devices !== undefined) {
    const by = packet[side]
    if (typeof by !== 'string' || devices.includes(by)) return { packet, share: 'all' }
    const passed = (below?.[side] ?? []).filter((list) => list.some((name) => devices.includes(name)))
    const [only, ...others] = passed.flat().filter((name) => devices.includes(name))
    if (only === undefined) return undefined
    const { [side]: _, ...rest } = packet
    return {
      packet: others.length === 0 ? { ...rest, [side]: only } : rest,
      share: passed.some((list) => list.every((name) => devices.includes(name))) ? 'all' : 'some',
    }
  }
  if (hook === 'ingress' || hook === 'egress') return { packet: withoutInterfaces(packet), share: 'some' }
  if (hook?.startsWith('bridge-') !== true) return { packet, share: 'all' }
  // What is bridged within one namespace comes in and leaves by ports that are not followed.
  if (hook === 'bridge-forward' || below === undefined)
    return { packet: withoutInterfaces(packet), share: 'some' }
  const isOut = hook === 'bridge-output' || hook === 'bridge-postrouting'
  const ports = isOut ? below.portsOut : below.portsIn
  if (ports.length === 0) return undefined
  const [port] = ports
  const bridge = isOut ? packet.out : packet.in
  const bare = { ...withoutInterfaces(packet), ...(typeof bridge === 'string' ? { bridge } : {}) }
  const met = ports.length > 1 || port === undefined ? bare : { ...bare, [isOut ? 'out' : 'in']: port }
  return { packet: met, share: 'all' }
}

function withoutInterfaces({ in: _in, out: _out, ...packet }: AskedPacket): AskedPacket {
  return packet
}

interface Walk {
  readonly ruleset: Ruleset
  readonly packet: AskedPacket
  readonly base: Chain
  readonly share: Met['share']
  readonly asked: AskedRule[]
  readonly isOver: boolean
}

/** Asks the rules of a base chain, and of those it leads to; returns the one that decided about all packets. */
function walk({ ruleset, packet, base, share, asked, isOver }: Walk): AskedRule | undefined {
  let decided: AskedRule | undefined
  let mayBeAccepted = false
  const visit = (chain: Chain, led: readonly PlacedRule[], inherited: Applies, doubt: boolean): void => {
    let [returned, mayReturn] = [false, doubt]
    for (const rule of chain.rules) {
      const own = appliesTo(rule.conditions, packet)
      if (own === 'none') continue
      const applies =
        inherited === 'all' ? own : own === 'all' ? inherited : own === 'unread' ? own : inherited
      const path = [...led, rule]
      const beyond = isOver || decided !== undefined || returned
      const one = { rule, applies, base, path, beyond, doubted: mayBeAccepted || mayReturn }
      asked.push(one)
      if (isFinal(rule)) {
        const isMet = applies === 'all' && !mayReturn
        if (isMet && !beyond) decided = one
        if (!isMet && applies !== 'some' && spares(rule)) mayBeAccepted = true
      } else if (rule.verdict === 'return') {
        if (own === 'all') returned = true
        else if (own === 'unread') mayReturn = true
      } else if (rule.verdict !== '') {
        const to = ruleset.find(({ table, name }) => table === rule.table && name === rule.verdict)
        if (to !== undefined && !led.some(({ chain: name }) => name === to.name) && to !== chain && !returned)
          visit(to, path, applies, mayReturn)
        if (rule.forGood === true && own === 'all') returned = true
        else if (rule.forGood === true && own === 'unread') mayReturn = true
      }
    }
  }
  visit(base, [], share, false)
  return decided
}

/** What it applies to goes on without the rules behind it. */
const spares = ({ verdict, leadsTo, masquerades }: PlacedRule): boolean =>
  verdict === 'accept' || leadsTo !== undefined || masquerades === true

type Answer = Applies | 'none'

function appliesTo(conditions: readonly RuleCondition[], packet: AskedPacket): Answer {
  const answers = conditions.map((condition) => answerTo(condition, packet))
  if (answers.includes('none')) return 'none'
  return answers.includes('some') ? 'some' : answers.includes('unread') ? 'unread' : 'all'
}

function answerTo(condition: RuleCondition, packet: AskedPacket): Answer {
  if (isOfAnother(condition, packet)) return 'none'
  if (packet.ofKernel === true && isOwner(condition)) return condition.not === true ? 'unread' : 'none'
  const answer = condition.values.length === 0 ? 'unread' : matches(condition, packet)
  if (condition.not !== true) return answer
  return answer === 'all' ? 'none' : answer === 'none' ? 'all' : answer
}

/** Fields of a protocol that the packet is not of: nothing matches, what is negated neither. Packets are of IPv4. */
function isOfAnother({ left }: RuleCondition, { protocol }: AskedPacket): boolean {
  const [of = ''] = left.split(' ')
  return of === 'ip6' || (transports.has(of) && of !== protocol)
}

/** xt_owner, and what nft has instead. */
const isOwner = ({ left }: RuleCondition): boolean => /^(-m owner |meta skuid$|meta skgid$)/.test(left)

const transports: ReadonlySet<string> = new Set([
  ...['tcp', 'udp', 'udplite', 'sctp', 'dccp', 'icmp', 'icmpv6', 'esp', 'ah'],
])

function matches({ left, values }: RuleCondition, packet: AskedPacket): Answer {
  if (left.includes(joint) && !left.startsWith('fib ')) return anyOf(left.split(joint), values, packet)
  const [, field = ''] = left.split(' ')
  if (left === 'meta l4proto' || left === 'ip protocol')
    return one(packet.protocol, (protocol) => values.some((value) => protocolName(value) === protocol))
  if (field === 'dport' || field === 'sport') {
    const port = field === 'dport' ? packet.destinationPort : packet.sourcePort
    return one(port, (number) => values.some((value) => isInRange(value, number)))
  }
  switch (left) {
    case 'ct original proto-dst':
      return one(askedPortOf(packet), (number) => values.some((value) => isInRange(value, number)))
    case 'ct direction':
      return packet.state === 'new' ? yesNo(values.includes('original')) : 'some'
    case 'ip daddr':
      return one(packet.destination, (address) => values.some((value) => isInPrefix(value, address)))
    case 'ip saddr':
      return one(packet.source, (address) => values.some((value) => isInPrefix(value, address)))
    case 'iifname':
    case 'meta iif':
      return interfaceAnswer(packet.in, values)
    case 'oifname':
    case 'meta oif':
      return interfaceAnswer(packet.out, values)
    case 'fib daddr type':
    case 'fib daddr . iif type':
      return packet.destination !== undefined && values.every((value) => toMany.has(value))
        ? 'none'
        : typeAnswer(packet.toHost, values)
    case 'meta pkttype':
      return packet.destination !== undefined && values.every((value) => toMany.has(value))
        ? 'none'
        : 'unread'
    case 'fib saddr type':
      return typeAnswer(packet.fromHost, values)
    case 'ct state':
      return one(packet.state, (state) => values.includes(state))
    case 'meta length':
    case 'ip length':
      return one(packet.bytes, (bytes) => values.some((value) => isInRange(value, bytes)))
    case 'tcp flags':
      // Other flags than those of a first packet are not followed.
      return values.join() === 'syn' ? one(packet.state, (state) => state === 'new') : 'unread'
    case 'ct status':
      return values.length === 1 && values[0] === 'dnat' ? yesNo(packet.translated) : 'unread'
    case 'vni':
      return one(packet.vni, (vni) => values.some((value) => isInRange(value, vni)))
    case 'meta ipsec':
      return one(packet.byIpsec, (by) => values.some((value) => isTrue(value) === by))
    case 'meta mark':
      return one(packet.mark, (mark) => values.some((value) => isInRange(value, mark)))
    case 'meta ibrname':
    case 'meta obrname':
      return one(packet.bridge, (bridge) => values.includes(bridge))
    case 'physdev in':
    case 'physdev bridged':
    case 'physdev out':
      return portAnswer(left, values, packet.below)
    case 'meta nfproto':
      return values.includes('ipv4') ? 'all' : 'none'
    case 'meta protocol':
    case 'ether type':
      return values.includes('ip') ? 'all' : 'none'
    default:
      return 'unread'
  }
}

/** Of several things that are looked at together: whether one of the values has all of them. */
function anyOf(lefts: readonly string[], values: readonly string[], packet: AskedPacket): Answer {
  const answers = values.map((value): Answer => {
    const parts = value.split(joint)
    return parts.length === lefts.length
      ? appliesTo(
          lefts.map((left, index) => ({ left, values: [parts[index] ?? ''] })),
          packet,
        )
      : 'none'
  })
  return (['all', 'some', 'unread'] as const).find((answer) => answers.includes(answer)) ?? 'none'
}

/** Where nothing was translated it is the one that the packet has. */
function askedPortOf({ askedPort, destinationPort, translated }: AskedPacket): number | undefined {
  return askedPort ?? (translated === true ? undefined : destinationPort)
}

/** Nodes send to one address each. */
const toMany: ReadonlySet<string> = new Set(['broadcast', 'multicast'])

function one<T>(value: T | undefined, holds: (value: T) => boolean): Answer {
  return value === undefined ? 'some' : yesNo(holds(value))
}

function yesNo(holds: boolean | undefined): Answer {
  return holds === undefined ? 'some' : holds ? 'all' : 'none'
}

function interfaceAnswer(asked: AskedInterface | undefined, values: readonly string[]): Answer {
  const covers = (name: string): boolean =>
    values.some((value) => (value.endsWith('*') ? name.startsWith(value.slice(0, -1)) : value === name))
  if (typeof asked === 'string') return yesNo(covers(asked))
  const others = ['lo', ...(asked?.noneOf ?? [])]
  return values.every((value) => others.includes(value)) ? 'none' : 'some'
}

/**
 * xt_physdev: packets that are asked about are routed, or for the host or by it, and not bridged; they have come by a port of
 * a bridge or of none.
 */
function portAnswer(left: string, values: readonly string[], below: Below | undefined): Answer {
  if (below === undefined) return 'unread'
  if (left !== 'physdev in' || below.portsIn.length === 0) return 'none'
  const met = below.portsIn.filter((port) => values.includes('*') || interfaceAnswer(port, values) === 'all')
  return met.length === 0 ? 'none' : met.length === below.portsIn.length ? 'all' : 'some'
}

function typeAnswer(isHost: boolean | undefined, values: readonly string[]): Answer {
  if (!values.every((value) => value === 'local')) return 'unread'
  return yesNo(isHost)
}

function isTrue(value: string): boolean {
  return value === 'true' || value === '1' || value === 'exists'
}

function isInRange(value: string, number: number): boolean {
  const [from, to = from] = value.split('-').map(Number)
  return from !== undefined && to !== undefined && number >= from && number <= to
}

/** Of an address or a prefix, in any way that programs write it. */
export function isInPrefix(value: string, address: string): boolean {
  try {
    const asked = ipaddr.IPv4.parse(address)
    if (value.includes('-')) {
      const [from, to] = value.split('-').map(numberOf)
      const number = numberOf(address)
      return from !== undefined && to !== undefined && number >= from && number <= to
    }
    return value.includes('/')
      ? asked.match(ipaddr.IPv4.parseCIDR(value))
      : asked.toString() === ipaddr.IPv4.parse(value).toString()
  } catch {
    return false
  }
}

function numberOf(address: string): number {
  return ipaddr.IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0)
}
