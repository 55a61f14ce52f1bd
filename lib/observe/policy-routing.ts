import { z } from 'zod'
import { jsonList } from '../json-list.ts'
import { contains } from '../topology/cidr.ts'

export type RouteRefusal = 'blackhole' | 'unreachable' | 'prohibit'

const refusals: readonly string[] = ['blackhole', 'unreachable', 'prohibit'] satisfies RouteRefusal[]

/** A rule of policy routing, as `ip rule` has it, besides the three that every kernel has. */
export interface RoutingRule {
  readonly priority: number
  /** It holds for what the rest of it does not describe. */
  readonly not?: true
  /** CIDR or address; undefined for all. */
  readonly from?: string
  readonly to?: string
  /** `lo`: what the host itself sends. */
  readonly comesIn?: string
  readonly mark?: string
  /** Of the mark; undefined for all of it. */
  readonly markMask?: string
  /** Routes of its table whose prefix is no longer than this are not taken, and the next rule is asked. */
  readonly suppressed?: number
  readonly refuses?: RouteRefusal
  /** It asks for more than that: a protocol, ports, a user, or the interface to leave by. */
  readonly more?: true
  /** Where it leads; empty for a rule that refuses, goes to another rule, or leads to the table of a VRF. */
  readonly table: string
}

const word = z.string().max(64)

const ipRule = z.looseObject({
  priority: z.number(),
  not: z.null().exactOptional(),
  src: word.exactOptional(),
  srclen: z.number().exactOptional(),
  dst: word.exactOptional(),
  dstlen: z.number().exactOptional(),
  iif: word.exactOptional(),
  fwmark: word.exactOptional(),
  fwmask: word.exactOptional(),
  suppress_prefixlen: z.number().exactOptional(),
  action: word.exactOptional(),
  table: word.exactOptional(),
})

/** What is no condition of a rule, or a part of one above (iproute2, ip/iprule.c). */
const unasked = ['goto', 'l3mdev', 'protocol']

/** Linux, net/ipv4/fib_rules.c: what every kernel begins with. */
const priorityOfMain = 32_766
const usual: Readonly<Record<string, number>> = { local: 0, main: priorityOfMain, default: 32_767 }

/** Reads `ip -j -4 rule show`; undefined where there is no such output. */
export function parseRoutingRules(line: string | undefined): readonly RoutingRule[] | undefined {
  if (line?.startsWith('[') !== true) return undefined
  return jsonList(line, ipRule)
    .map(({ priority, not, src, srclen, dst, dstlen, iif, fwmark, table = '', ...all }) => {
      const { fwmask, suppress_prefixlen: suppressed, action = '', ...rest } = all
      return {
        priority,
        ...(not === undefined ? {} : { not: true as const }),
        ...(src === undefined || src === 'all' ? {} : { from: withLength(src, srclen) }),
        ...(dst === undefined || dst === 'all' ? {} : { to: withLength(dst, dstlen) }),
        ...(iif === undefined ? {} : { comesIn: iif }),
        ...(fwmark === undefined ? {} : { mark: fwmark }),
        ...(fwmask === undefined ? {} : { markMask: fwmask }),
        ...(suppressed === undefined ? {} : { suppressed }),
        ...(refusals.includes(action) ? { refuses: action as RouteRefusal } : {}),
        ...(Object.keys(rest).every((key) => unasked.includes(key)) ? {} : { more: true as const }),
        table,
      }
    })
    .filter((rule) => Object.keys(rule).length > 2 || usual[rule.table] !== rule.priority)
}

const withLength = (address: string, length: number | undefined): string =>
  length === undefined ? address : `${address}/${length}`

/**
 * The table that decides where something without a mark goes that a host sends from one of its addresses; undefined where a
 * rule that is asked before `main` may hold for it and is not understood, or refuses.
 */
export function ruleFor(rules: readonly RoutingRule[], from: string, to: string): string | undefined {
  const asked = rules
    .filter(
      (rule) =>
        rule.priority < priorityOfMain &&
        rule.mark === undefined &&
        (rule.comesIn === undefined || rule.comesIn === 'lo') &&
        (rule.not === true || rule.from === undefined || contains(rule.from, from)) &&
        (rule.not === true || rule.to === undefined || contains(rule.to, to)),
    )
    .toSorted((one, other) => one.priority - other.priority)
  const [first] = asked
  if (first === undefined) return 'main'
  return first.not === true || first.more === true || first.table === '' ? undefined : first.table
}
