import type { FirewallRule, HostState, NftChain, NftRule } from '../observe/host-state.ts'
import { nftText } from '../observe/ruleset.ts'
import { isInPrefix } from '../observe/who-decides.ts'
import type { LabView } from './lab-view.ts'
import { gossipPort, managementPort } from '../topology/swarm-defaults.ts'

/** Traffic that swarm needs between nodes, and the published ports. */
export type Traffic = 'data' | 'esp' | 'gossip-udp' | 'gossip-tcp' | 'management' | 'mesh'

/** A firewall rule or policy of a node that drops some of it, by what it says. */
export interface FirewallDrop {
  readonly node: string
  /** For people, as somebody would type or look it up: `iptables: -A INPUT -p udp --dport 4789 -j DROP`. */
  readonly rule: string
  /** Of `input`, `output` or `forward`, where it is asked. */
  readonly hook: 'input' | 'output' | 'forward'
  /** That it dropped while the run went on; undefined where it has no counter. */
  readonly packets?: number
  /** A policy, or a rule for everything: it drops what none before it accepted. */
  readonly isCatchAll: boolean
  readonly matches: (traffic: Traffic) => boolean
}

/** Every drop of the host firewalls of a lab that was made by somebody else than the engine. */
export function firewallDrops(view: LabView): FirewallDrop[] {
  const { kernelBefore: before, kernelAfter: after } = view
  const states = after ?? before
  if (states === undefined) return []
  return Object.entries(states).flatMap(([node, state]) => [
    ...iptablesDrops(node, state, after === undefined ? undefined : before?.[node], view),
    ...nftDrops(node, state, after === undefined ? undefined : before?.[node], view),
  ])
}

const hooks: Readonly<Record<string, FirewallDrop['hook']>> = {
  INPUT: 'input',
  PREROUTING: 'input',
  OUTPUT: 'output',
  FORWARD: 'forward',
}

function iptablesDrops(
  node: string,
  state: HostState,
  before: HostState | undefined,
  view: LabView,
): FirewallDrop[] {
  const { firewall, policies = [] } = state.root
  const hookOf = reachable(firewall)
  const rules = firewall.flatMap((rule): FirewallDrop[] => {
    const hook = hookOf.get(`${rule.table} ${rule.chain}`)
    if (hook === undefined || !isDrop(rule.rule) || isEngines(rule)) return []
    const packets = risen(rule, before?.root.firewall)
    const words = rule.rule.replace(/ -j .*/, '')
    return [
      {
        ...{ node, hook, isCatchAll: !/(^| )(-p|--dports?|-m set) /.test(words) },
        rule: `iptables -t ${rule.table} -A ${rule.chain} ${rule.rule}`,
        matches: (traffic) => ruleMatches(rule.rule, traffic, view),
        ...(packets === undefined ? {} : { packets }),
      },
    ]
  })
  const dropping = policies.flatMap((policy): FirewallDrop[] => {
    const hook = hooks[policy.chain]
    // The engine sets the policy of FORWARD itself and accepts its own networks before it.
    if (policy.policy !== 'DROP' || hook === undefined || policy.chain === 'FORWARD') return []
    const was = before?.root.policies?.find(
      ({ table, chain }) => table === policy.table && chain === policy.chain,
    )
    return [
      {
        ...{ node, hook, isCatchAll: true },
        rule: `iptables -t ${policy.table} -P ${policy.chain} DROP`,
        packets: policy.packets - (was?.packets ?? 0),
        matches: (traffic) => !accepts(firewall, policy.table, policy.chain, traffic, view),
      },
    ]
  })
  return [...rules, ...dropping]
}

/** Chains that packets come to, by `table chain`, with the hook they come from. */
function reachable(firewall: readonly FirewallRule[]): ReadonlyMap<string, FirewallDrop['hook']> {
  const found = new Map<string, FirewallDrop['hook']>()
  const visit = (table: string, chain: string, hook: FirewallDrop['hook']): void => {
    const key = `${table} ${chain}`
    if (found.has(key)) return
    found.set(key, hook)
    for (const rule of firewall) {
      if (rule.table !== table || rule.chain !== chain) continue
      const target = /(?:^| )-[jg] (\S+)/.exec(rule.rule)?.[1]
      if (target !== undefined) visit(table, target, hook)
    }
  }
  for (const table of ['raw', 'mangle', 'filter'])
    for (const [chain, hook] of Object.entries(hooks)) visit(table, chain, hook)
  return found
}

const isDrop = (rule: string): boolean => /(?:^| )-j (DROP|REJECT|TARPIT)( |$)/.test(rule)

/**
 * Rules the engine makes: of its chains, those that keep encrypted networks encrypted, and those that keep containers of
 * one bridge apart, as on docker_gwbridge.
 */
function isEngines({ chain, rule }: FirewallRule): boolean {
  const [, from, to] = /(?:^| )-i (\S+) -o (\S+)/.exec(rule) ?? []
  return (
    chain.startsWith('DOCKER') ||
    /-m policy --dir|-m bpf|-m u32/.test(rule) ||
    (from !== undefined && from === to)
  )
}

function risen(rule: FirewallRule, before: readonly FirewallRule[] | undefined): number | undefined {
  if (before === undefined) return undefined
  const was = before.find(
    (other) => other.table === rule.table && other.chain === rule.chain && other.rule === rule.rule,
  )
  // A rule that was not there has counted since it was made, which was meanwhile.
  return Math.max(0, rule.packets - (was?.packets ?? 0))
}

function ruleMatches(rule: string, traffic: Traffic, view: LabView): boolean {
  const protocol = /(?:^| )(! )?-p (\S+)/.exec(rule)
  const { protocols, port } = wanted(traffic, view)
  if (protocol?.[1] !== undefined) return false
  if (protocol?.[2] !== undefined && protocol[2] !== 'all' && !protocols.includes(protocol[2])) return false
  const [, negated, senders] = /(?:^| )(! )?-s (\S+)/.exec(rule) ?? []
  if (senders !== undefined && !isFromNodes([senders], negated !== undefined, traffic, view)) return false
  const ports = /--dports? (\S+)/.exec(rule)?.[1]
  return ports === undefined ? !/--sports? /.test(rule) : port === undefined || hasPort(ports, port)
}

function accepts(
  firewall: readonly FirewallRule[],
  table: string,
  chain: string,
  traffic: Traffic,
  view: LabView,
  depth = 0,
): boolean {
  if (depth > 8) return false
  return firewall
    .filter((rule) => rule.table === table && rule.chain === chain)
    .some(({ rule }) => {
      if (!ruleMatches(rule, traffic, view) || /--ctstate (?!.*NEW)|-i lo( |$)|--state (?!.*NEW)/.test(rule))
        return false
      const target = /(?:^| )-[jg] (\S+)/.exec(rule)?.[1]
      if (target === 'ACCEPT') return true
      return target !== undefined && accepts(firewall, table, target, traffic, view, depth + 1)
    })
}

function wanted(
  traffic: Traffic,
  { lab }: LabView,
): { readonly protocols: readonly string[]; readonly port: number | undefined } {
  switch (traffic) {
    case 'data':
      return { protocols: ['udp', '17'], port: lab.topology.swarm.dataPathPort }
    case 'esp':
      return { protocols: ['esp', '50'], port: undefined }
    case 'gossip-udp':
      return { protocols: ['udp', '17'], port: gossipPort }
    case 'gossip-tcp':
      return { protocols: ['tcp', '6'], port: gossipPort }
    case 'management':
      return { protocols: ['tcp', '6'], port: managementPort }
    case 'mesh':
      return { protocols: ['tcp', 'udp', '6', '17'], port: undefined }
  }
}

/** Whether a rule for these senders, or for all others, is for any node; published ports are for everybody. */
function isFromNodes(
  senders: readonly string[],
  not: boolean,
  traffic: Traffic,
  { facts }: LabView,
): boolean {
  if (traffic === 'mesh' || facts === undefined || senders.length === 0) return true
  return facts.nodes
    .flatMap(({ advertise, dataPath }) => [advertise.address, dataPath.address])
    .some((address) => senders.some((sender) => isInPrefix(sender, address)) !== not)
}

/** `4789`, `7946,4789` or `4000:5000`. */
function hasPort(ports: string, port: number): boolean {
  return ports.split(',').some((part) => {
    const [from, to = from] = part.split(':').map(Number)
    return from !== undefined && to !== undefined && port >= from && port <= to
  })
}

const nftHooks: Readonly<Record<string, FirewallDrop['hook']>> = {
  input: 'input',
  prerouting: 'input',
  output: 'output',
  forward: 'forward',
}

function nftDrops(
  node: string,
  state: HostState,
  before: HostState | undefined,
  view: LabView,
): FirewallDrop[] {
  const chains = state.nftables ?? []
  return nftReachable(chains).flatMap(([chain, hook]): FirewallDrop[] => {
    const where = `nft ${chain.family} ${chain.table} ${chain.chain}`
    const was = before?.nftables?.find(
      (other) => other.table === chain.table && other.chain === chain.chain && other.family === chain.family,
    )
    const rules = chain.rules.flatMap((rule): FirewallDrop[] => {
      if (rule.verdict !== 'drop' && rule.verdict !== 'reject') return []
      const old = was?.rules.find(({ handle }) => handle === rule.handle)
      return [
        {
          ...{ node, hook, isCatchAll: rule.conditions.every(({ left }) => /ifname|^ct /.test(left)) },
          rule: `${where}: ${nftText(rule)}`,
          matches: (traffic) => nftMatches(rule, traffic, view),
          ...(rule.packets === undefined || before === undefined
            ? {}
            : { packets: Math.max(0, rule.packets - (old?.packets ?? 0)) }),
        },
      ]
    })
    if (chain.policy !== 'drop') return rules
    return [
      ...rules,
      {
        ...{ node, hook, isCatchAll: true, rule: `${where}: policy drop` },
        matches: (traffic) => !nftAccepts(chain, chains, traffic, view),
      },
    ]
  })
}

/** Chains with a hook and those they lead to, each with the hook that packets come from. The engine's own are left out. */
function nftReachable(chains: readonly NftChain[]): [NftChain, FirewallDrop['hook']][] {
  const found = new Map<NftChain, FirewallDrop['hook']>()
  const visit = (chain: NftChain, hook: FirewallDrop['hook']): void => {
    const isIpv4 = chain.family === 'ip' || chain.family === 'inet'
    if (found.has(chain) || !isIpv4 || chain.table.startsWith('docker')) return
    found.set(chain, hook)
    for (const { verdict } of chain.rules) {
      const next = chains.find(
        ({ family, table, chain: name }) =>
          family === chain.family && table === chain.table && name === verdict,
      )
      if (next !== undefined) visit(next, hook)
    }
  }
  for (const chain of chains) {
    const hook = nftHooks[chain.hook ?? '']
    if (hook !== undefined) visit(chain, hook)
  }
  return [...found]
}

function nftMatches({ conditions }: NftRule, traffic: Traffic, view: LabView): boolean {
  const { protocols, port } = wanted(traffic, view)
  return conditions.every(({ left, not, values }) => {
    const [protocol = '', field] = left.split(' ')
    if (protocol === 'ip6') return false
    if (left === 'meta nfproto') return values.includes('ipv4') !== (not === true)
    if (left === 'ip saddr') return isFromNodes(values, not === true, traffic, view)
    if (left === 'meta l4proto' || left === 'ip protocol')
      return values.some((value) => protocols.includes(value)) !== (not === true)
    if (field === 'dport' && ['udp', 'tcp', 'th'].includes(protocol))
      return (
        (protocol === 'th' || protocols.includes(protocol)) &&
        (port === undefined ||
          values.some((value) => hasPort(value.replace('-', ':'), port)) !== (not === true))
      )
    if (protocol === 'esp') return traffic === 'esp'
    if (['udp', 'tcp', 'icmp', 'icmpv6'].includes(protocol))
      return protocols.includes(protocol) && field !== 'sport'
    return left !== 'ct state' || values.includes('new') !== (not === true)
  })
}

function nftAccepts(
  chain: NftChain,
  chains: readonly NftChain[],
  traffic: Traffic,
  view: LabView,
  depth = 0,
): boolean {
  if (depth > 8) return false
  return chain.rules.some((rule) => {
    if (!nftMatches(rule, traffic, view) || onLoopback(rule)) return false
    if (rule.verdict === 'accept') return true
    const target = chains.find(
      ({ family, table, chain: name }) =>
        family === chain.family && table === chain.table && name === rule.verdict,
    )
    return target !== undefined && nftAccepts(target, chains, traffic, view, depth + 1)
  })
}

function onLoopback({ conditions }: NftRule): boolean {
  return conditions.some(
    ({ left, not, values }) => left === 'iifname' && not !== true && values.includes('lo'),
  )
}
