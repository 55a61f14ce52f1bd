import type { RuleCondition } from '../observe/host-state.ts'
import type { Chain, Hook, PlacedRule, Ruleset } from '../observe/ruleset.ts'
import { type AskedPacket, type AskedRule, whoDecides } from '../observe/who-decides.ts'
import { gatewayBridgeName, gossipPort, managementPort } from '../topology/swarm-defaults.ts'
import type { CountedLoss } from './ends.ts'
import type { LabView } from './lab-view.ts'
import { nodeRuleset, risen } from './node-firewall.ts'

/** Traffic that swarm needs between nodes. */
export type Traffic = 'data' | 'esp' | 'gossip-udp' | 'gossip-tcp' | 'management'

/** A firewall rule or policy of a node that drops some traffic. */
export interface FirewallDrop {
  readonly node: string
  /** For people, as somebody would type or look it up: `iptables -t filter -A INPUT -p udp --dport 4789 -j DROP`. */
  readonly rule: string
  /** What accepts the traffic before it, from these senders. */
  readonly accept: (senders: string) => string
  /** That it dropped while the run went on; undefined where it has no counter. */
  readonly packets?: number
  /** All of the packets asked about match it; of another it is known only that it counted something. */
  readonly certain: boolean
  /** It is for senders of a list that was not read, and for all that they send. */
  readonly ofListedSenders?: true
}

/**
 * What these rules counted together: each may be for one sender, or one port. Of rules that are certain where there are
 * any; undefined where one of those has no counter.
 */
export function lostBy(
  drops: readonly Pick<FirewallDrop, 'rule' | 'packets' | 'certain'>[],
  { at, way }: Required<Pick<CountedLoss, 'at' | 'way'>>,
): CountedLoss | undefined {
  const certain = drops.filter((one) => one.certain)
  // A rule that drops several ports is listed for each of them.
  const rules = new Map((certain.length > 0 ? certain : drops).map((one) => [one.rule, one.packets]))
  const counts = [...rules.values()].filter((packets) => packets !== undefined)
  return counts.length < rules.size || counts.length === 0
    ? undefined
    : { at, way, packets: counts.reduce((sum, one) => sum + one, 0) }
}

/**
 * What a node's firewall, made by somebody else than the engine, drops of this traffic as it arrives. A rule counts
 * where the packets come to it and all of them match, or where it counted some of them while the run went on.
 */
export function firewallDrops(view: LabView, node: string, traffic: Traffic): FirewallDrop[] {
  return dropsBy(view, node, packetsOf(view, node, traffic), ['prerouting', 'input']).map(
    ({ by, packets, certain }) => ({
      ...{
        node,
        rule: describe(by),
        certain,
        accept: acceptBefore(by, traffic, view.lab.topology.swarm.dataPathPort),
      },
      ...(packets === undefined ? {} : { packets }),
      ...(isOfListedSenders(by) ? { ofListedSenders: true as const } : {}),
    }),
  )
}

/** As lists of attackers are applied (CrowdSec, fail2ban with ipset, blocklists of countries). */
function isOfListedSenders(by: PlacedRule | Chain): boolean {
  return (
    !isChain(by) &&
    /(^| )--match-set \S+ src( |$)/.test(by.text) &&
    by.conditions.every(({ left }) => left.startsWith('-m set') || ofSenders.has(left))
  )
}

const ofSenders: ReadonlySet<string> = new Set(['iifname', 'ip saddr', 'ct state', 'fib saddr type'])

/** What a node’s firewall drops of these packets where it is asked about them; as `firewallDrops`. */
export function packetDrops(
  view: LabView,
  node: string,
  asked: readonly AskedPacket[],
  hooks: readonly Hook[],
): Omit<FirewallDrop, 'accept'>[] {
  return dropsBy(view, node, asked, hooks).map(({ by, packets, certain }) => ({
    ...{ node, rule: describe(by), certain },
    ...(packets === undefined ? {} : { packets }),
  }))
}

function dropsBy(
  view: LabView,
  node: string,
  asked: readonly AskedPacket[],
  hooks: readonly Hook[],
): { readonly by: PlacedRule | Chain; readonly certain: boolean; readonly packets?: number }[] {
  const after = view.kernelAfter?.[node]
  const before = view.kernelBefore?.[node]
  const state = after ?? before
  if (state === undefined) return []
  const ruleset = nodeRuleset(state)
  const former = after === undefined || before === undefined ? undefined : nodeRuleset(before)
  const found = asked.flatMap((packet) => hooks.flatMap((hook) => dropsAt(ruleset, hook, packet)))
  const drops = [...new Set(found.map(({ by }) => by))].flatMap((by) => {
    const packets = risen(by, former)
    const certain = found.some((one) => one.by === by && one.matchesAll)
    if (!certain && (packets === undefined || packets === 0)) return []
    return [{ by, certain, ...(packets === undefined ? {} : { packets }) }]
  })
  // Of a rule whose matches are not understood it is not known that it met these packets.
  return drops.toSorted(
    (one, other) => Number(other.certain) - Number(one.certain) || (other.packets ?? 0) - (one.packets ?? 0),
  )
}

interface Found {
  readonly by: PlacedRule | Chain
  readonly matchesAll: boolean
}

function dropsAt(ruleset: Ruleset, hook: Hook, packet: AskedPacket): Found[] {
  const { asked, by, verdict, unless } = whoDecides(ruleset, hook, packet)
  const rules = asked
    .filter(({ rule, beyond }) => !beyond && isDrop(rule) && !isEngines(rule))
    .map(({ rule, applies }): Found => ({ by: rule, matchesAll: applies === 'all' }))
  if (by === undefined || !isChain(by) || verdict !== 'drop' || isEnginesPolicy(by)) return rules
  return unless.some(({ rule }: AskedRule) => rule.verdict === 'accept')
    ? rules
    : [...rules, { by, matchesAll: true }]
}

const isDrop = ({ verdict }: PlacedRule): boolean => verdict === 'drop' || verdict === 'reject'

const isChain = (by: PlacedRule | Chain): by is Chain => 'rules' in by

/** Rules of the engine's chains, and those that keep encrypted networks encrypted. */
function isEngines({ table, chain, conditions }: PlacedRule): boolean {
  return (
    chain.startsWith('DOCKER') ||
    isEnginesTable(table) ||
    conditions.some(({ left }) => left === 'vni' || left === '-m bpf' || left === '-m u32') ||
    keepsContainersApart(conditions)
  )
}

/** Containers of docker_gwbridge do not reach each other by it. */
function keepsContainersApart(conditions: readonly RuleCondition[]): boolean {
  return (
    conditions.length === 2 &&
    ['iifname', 'oifname'].every((wanted) =>
      conditions.some(
        ({ left, not, values }) =>
          left === wanted && not !== true && values.length === 1 && values[0] === gatewayBridgeName,
      ),
    )
  )
}

const isEnginesTable = (table: string): boolean => / docker/.test(table)

/** The engine sets the policy of FORWARD itself and accepts its own networks before it. */
function isEnginesPolicy({ table, name }: Chain): boolean {
  return isEnginesTable(table) || (table === 'filter' && name === 'FORWARD')
}

/** One for each other node that sends it. */
function packetsOf({ facts, lab }: LabView, node: string, traffic: Traffic): AskedPacket[] {
  const common = { state: 'new', toHost: true }
  const wanted = portsOf(lab.topology.swarm.dataPathPort)[traffic]
  const way = traffic === 'data' || traffic === 'esp' ? 'dataPath' : 'advertise'
  const own = facts?.nodes.find(({ name }) => name === node)?.[way]
  const others = facts?.nodes.filter(({ name }) => name !== node) ?? []
  const to = own === undefined ? {} : { destination: own.address, in: own.interface }
  return others.length === 0
    ? [{ ...common, ...wanted, ...to }]
    : others.map((other) => ({ ...common, ...wanted, ...to, source: other[way].address, fromHost: false }))
}

export function portsOf(dataPathPort: number): Readonly<Record<Traffic, AskedPacket>> {
  return {
    data: { protocol: 'udp', destinationPort: dataPathPort, ofKernel: true },
    esp: { protocol: 'esp', ofKernel: true },
    'gossip-udp': { protocol: 'udp', destinationPort: gossipPort },
    'gossip-tcp': { protocol: 'tcp', destinationPort: gossipPort },
    management: { protocol: 'tcp', destinationPort: managementPort },
  }
}

/** Tables of iptables have names of one word. */
function describe(by: PlacedRule | Chain): string {
  const isNft = by.table.includes(' ')
  if (isChain(by))
    return isNft ? `nft ${by.table} ${by.name}: policy drop` : `iptables -t ${by.table} -P ${by.name} DROP`
  return isNft
    ? `nft ${by.table} ${by.chain}: ${by.text}`
    : `iptables -t ${by.table} -A ${by.chain} ${by.text}`
}

/** In the same chain: what another accepts this one drops all the same. */
function acceptBefore(
  by: PlacedRule | Chain,
  traffic: Traffic,
  dataPathPort: number,
): FirewallDrop['accept'] {
  const { protocol, destinationPort } = portsOf(dataPathPort)[traffic]
  const chain = isChain(by) ? by.name : by.chain
  const port = (word: string): string => (destinationPort === undefined ? '' : ` ${word} ${destinationPort}`)
  return (senders) =>
    by.table.includes(' ')
      ? `nft insert rule ${by.table} ${chain} ip saddr ${senders} ${destinationPort === undefined ? `ip protocol ${protocol}` : `${protocol}${port('dport')}`} accept`
      : `iptables -t ${by.table} -I ${chain} -p ${protocol}${port('--dport')} -s ${senders} -j ACCEPT`
}
