import { engineMark } from '../change/outbound-policies.ts'
import type { PlacedRule, Ruleset } from './ruleset.ts'
import { type AskedPacket, type AskedRule, whoDecides } from './who-decides.ts'

/** A rule that may let packets pass before another is asked. */
export interface PassingRule {
  readonly rule: PlacedRule
  /** The rule of a chain with a hook that led to it: itself, where it stands in one. */
  readonly top: PlacedRule
  /** All packets that the other is for pass by it. */
  readonly ofAll: boolean
}

/** A rule by which an engine enforces encryption, and what may decide before it. */
export interface EnforcingRule {
  readonly rule: PlacedRule
  readonly behind: readonly PassingRule[]
}

/** Rules by which an engine enforces that one overlay is encrypted; undefined where there is none. */
export interface EncryptionRules {
  /** Marks what leaves for encryption. */
  readonly marking: EnforcingRule | undefined
  /** Drops what arrives unencrypted. */
  readonly dropping: EnforcingRule | undefined
}

/**
 * Told by what they do to packets of the VNI, wherever they stand.
 *
 * @param arrivals where what arrives comes in, and for whom, where that is known
 */
export function encryptionRules(
  ruleset: Ruleset,
  { vni, dataPathPort }: { readonly vni: number; readonly dataPathPort: number },
  arrivals: Pick<AskedPacket, 'in' | 'destination' | 'toHost'> = {},
): EncryptionRules {
  const packet: AskedPacket = { protocol: 'udp', destinationPort: dataPathPort, vni }
  const leaving = whoDecides(ruleset, 'output', packet).asked
  const arriving = (['prerouting', 'input'] as const).flatMap(
    (hook) => whoDecides(ruleset, hook, { ...packet, ...arrivals, byIpsec: false }).asked,
  )
  const isDrop = ({ rule }: AskedRule): boolean => rule.verdict === 'drop' || rule.verdict === 'reject'
  return {
    marking: enforcing(leaving, ({ rule }) => rule.marks === engineMark),
    dropping: enforcing(arriving, isDrop),
  }
}

function enforcing(
  asked: readonly AskedRule[],
  does: (one: AskedRule) => boolean,
): EnforcingRule | undefined {
  const effective = asked.find((one) => does(one) && isForVni(one))
  return effective === undefined ? undefined : { rule: effective.rule, behind: passing(asked, effective) }
}

/** All packets of the VNI, as far as its conditions are understood. */
function isForVni({ rule, applies }: AskedRule): boolean {
  return applies !== 'some' && rule.conditions.some(({ left, not }) => left === 'vni' && not !== true)
}

/** Rules of the same chain, or of chains it leads to, that may let the packets pass before the effective one is asked. */
function passing(asked: readonly AskedRule[], effective: AskedRule): PassingRule[] {
  const before = asked.slice(0, asked.indexOf(effective)).filter(({ base }) => base === effective.base)
  return before.flatMap(({ rule, path, applies, beyond }) => {
    const [top] = path
    const passes =
      // A program that is asked may accept.
      rule.verdict === 'accept' ||
      rule.verdict === 'queue' ||
      ((rule.verdict === 'return' || isLeftBy(rule, effective, before)) && leaves(path, effective.path))
    return passes && !path.some(isForAnswers) && top !== undefined
      ? [{ rule, top, ofAll: applies === 'all' && !beyond }]
      : []
  })
}

/**
 * Whether a rule is for connections that were answered. VXLAN never is one: kernels send it from other ports than the one
 * it comes to (vxlan_build_skb, udp_flow_src_port), so that nothing of it is an answer.
 */
function isForAnswers({ conditions }: PlacedRule): boolean {
  return conditions.some(
    ({ left, values, not }) =>
      left === 'ct state' && not !== true && values.length > 0 && values.every((one) => answers.has(one)),
  )
}

const answers: ReadonlySet<string> = new Set(['established', 'related'])

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
