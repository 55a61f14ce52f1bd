import type { RuleCondition, RuleEffect } from './host-state.ts'
import { matchedVni } from './vni-match.ts'

export interface ReadRule {
  readonly conditions: readonly RuleCondition[]
  readonly effect: RuleEffect
}

const protocolNames: Readonly<Record<string, string>> = {
  ...{ '1': 'icmp', '6': 'tcp', '17': 'udp', '50': 'esp', '51': 'ah', '132': 'sctp' },
  'ipv6-icmp': 'icmpv6',
}

export function protocolName(text: string): string {
  return protocolNames[text] ?? text
}

/** Options that take no part in what matches. */
const silent = new Set(['--dir', '--mask'])
/** Options of matches and what nft calls the same. */
const plain: Readonly<Record<string, string>> = {
  '-s': 'ip saddr',
  '-d': 'ip daddr',
  '-i': 'iifname',
  '-o': 'oifname',
  '--dst-type': 'fib daddr type',
  '--src-type': 'fib saddr type',
  '--state': 'ct state',
  '--pkt-type': 'meta pkttype',
  '--ctdir': 'ct direction',
  '--src-range': 'ip saddr',
  '--dst-range': 'ip daddr',
  '--physdev-in': 'physdev in',
  '--physdev-out': 'physdev out',
}

/**
 * What a rule of `iptables-save` says, in the words of nft, so that rules of both programs are one kind of thing. A
 * match that is not understood stays as a condition without values.
 */
export function readIptablesRule(text: string): ReadRule {
  const words = text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
  const conditions: RuleCondition[] = []
  let effect: RuleEffect = { verdict: '' }
  let protocol = 'th'
  let isIncoming = true
  let [match, negated] = ['', false]
  const add = (left: string, values: readonly string[]): void => {
    conditions.push({ left, values, ...(negated ? { not: true as const } : {}) })
  }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '!') {
      negated = true
      continue
    }
    const value = words[at + 1] ?? ''
    if (word === '-j' || word === '-g') {
      effect = targetOf(word, value, words.slice(at + 2))
      break
    }
    if (!word.startsWith('-')) {
      negated = false
      continue
    }
    // Its text is anything, `-j` too.
    if (word === '--comment') at++
    else if (word === '-m') match = value
    else if (word === '-p') {
      protocol = protocolName(value)
      if (protocol !== 'all' && protocol !== '0') add('meta l4proto', [protocol])
    } else if (/^(-[io]|--physdev-(in|out))$/.test(word)) add(plain[word] ?? '', [value.replace(/\+$/, '*')])
    else if (/^--physdev-is-(in|out|bridged)$/.test(word))
      add(`physdev ${word.slice('--physdev-is-'.length)}`, ['*'])
    else if (word in plain) add(plain[word] ?? '', lowerList(value))
    else if (/^--[ds](estination-)?ports?$/.test(word))
      add(`${protocol} ${word[2]}port`, value.split(',').map(portRange))
    else if (word === '--length') add('meta length', [portRange(value)])
    else if (word === '--ctorigdstport') add('ct original proto-dst', [portRange(value)])
    else if (word === '--ctstate') conditions.push(...trackedAs(value, negated))
    else if (word === '--bytecode' || word === '--u32') {
      const vni = matchedVni(`${word} ${value}`)
      add(vni === undefined ? `-m ${match}` : 'vni', vni === undefined ? [] : [String(vni)])
    } else if (word === '--dir') isIncoming = value === 'in'
    else if (word === '--pol')
      add(
        ...((isIncoming ? ['meta ipsec', [String(value === 'ipsec')]] : ['-m policy', []]) as [
          string,
          string[],
        ]),
      )
    else if (word === '--mark' && /^(0x[0-9a-f]+|\d+)(\/0xffffffff)?$/.test(value))
      add('meta mark', [String(Number(value.split('/')[0]))])
    else if (word === '--tcp-flags' && isOfFirstPackets(value, words[at + 2])) add('tcp flags', ['syn'])
    else if (!silent.has(word)) add(`-m ${match} ${word}`, [])
  }
  return { conditions, effect }
}

/** Of all flags that are looked at only SYN is set: as `--syn` is saved, also without FIN and RST. */
const isOfFirstPackets = (looked: string, set = ''): boolean =>
  set === 'SYN' && ['SYN', 'ACK'].every((flag) => looked.split(',').includes(flag))

/** `DNAT` is a status of the connection for nft, the others are its state. */
function trackedAs(value: string, negated: boolean): RuleCondition[] {
  const values = lowerList(value)
  const not = negated ? { not: true as const } : {}
  if (values.every((one) => one === 'dnat' || one === 'snat')) return [{ left: 'ct status', values, ...not }]
  // Both in one match are one or the other.
  return values.some((one) => one === 'dnat' || one === 'snat')
    ? [{ left: '-m conntrack', values: [], ...not }]
    : [{ left: 'ct state', values, ...not }]
}

const verdicts: Readonly<Record<string, string>> = {
  ...{
    ACCEPT: 'accept',
    DROP: 'drop',
    REJECT: 'reject',
    TARPIT: 'drop',
    RETURN: 'return',
    NFQUEUE: 'queue',
    QUEUE: 'queue',
  },
}

/** Targets that let the packet go on to the next rule, besides chains that do. */
const goesOn =
  /^(MARK|CONNMARK|LOG|NFLOG|ULOG|TCPMSS|TOS|DSCP|TTL|CT|NOTRACK|SET|CLASSIFY|AUDIT|TRACE|SECMARK)$/

function targetOf(way: string, target: string, options: readonly string[]): RuleEffect {
  const optionOf = (...names: string[]): string | undefined =>
    options[options.findIndex((word) => names.includes(word)) + 1 || options.length]
  if (target === 'MARK') {
    const mark = /^(0x[0-9a-fA-F]+|\d+)(\/0xffffffff)?$/.exec(
      optionOf('--set-xmark', '--set-mark') ?? '',
    )?.[1]
    return { verdict: '', ...(mark === undefined ? { remarks: true as const } : { marks: Number(mark) }) }
  }
  if (target === 'CONNMARK')
    return { verdict: '', ...(options.includes('--restore-mark') ? { remarks: true as const } : {}) }
  if (target === 'DNAT') return { verdict: '', leadsTo: optionOf('--to-destination') ?? '?' }
  if (target === 'REDIRECT') return { verdict: '', leadsTo: `:${optionOf('--to-ports') ?? '?'}` }
  if (target === 'MASQUERADE') return { verdict: '', masquerades: true }
  if (target === 'SNAT') return { verdict: 'accept' }
  if (target === 'NOTRACK' || (target === 'CT' && options.includes('--notrack')))
    return { verdict: '', untracks: true }
  if (goesOn.test(target)) return { verdict: '' }
  return { verdict: verdicts[target] ?? target, ...(way === '-g' ? { forGood: true as const } : {}) }
}

function lowerList(value: string): string[] {
  return value.toLowerCase().split(',')
}

/** `4000:5000` as nft has it. */
function portRange(text: string): string {
  if (!text.includes(':')) return text
  const [from, to] = text.split(':')
  return `${from || '0'}-${to || '65535'}`
}
