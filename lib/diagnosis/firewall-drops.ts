import type { Deciding } from '../observe/deciding.ts'
import type { RuleCondition } from '../observe/host-state.ts'
import type { Chain, Hook, PlacedRule, Ruleset } from '../observe/ruleset.ts'
import { type AskedPacket, type AskedRule, whoDecides } from '../observe/who-decides.ts'
import { gatewayBridgeName, gossipPort, managementPort } from '../topology/swarm-defaults.ts'
import { belowOf } from './below.ts'
import type { CountedLoss } from './ends.ts'
import type { LabView, Reported } from './lab-view.ts'
import { choosing, type Dropping, isChain, isEnginesPolicy, letIn } from './let-in.ts'
import { isInEnginesChain, isWholeTable, nodeRuleset, risen } from './node-firewall.ts'

/** Traffic that swarm needs between nodes. */
export type Traffic = 'data' | 'esp' | 'gossip-udp' | 'gossip-tcp' | 'management'

/** A firewall rule or policy of a node that drops some traffic. */
export interface FirewallDrop {
  readonly node: string
  /** For people, as somebody would type or look it up: `iptables -t filter -A INPUT -p udp --dport 4789 -j DROP`. */
  readonly rule: string
  /** What lets the traffic in from these senders, the command to type first. */
  readonly letIn: (senders: string) => readonly string[]
  /** That it dropped while the run went on; undefined where it has no counter. */
  readonly packets?: number
  /**
   * All of the packets asked about match it, and nothing before it that is not understood may accept them. Of another it is
   * known only that it counted something.
   */
  readonly certain: boolean
  /** It is asked below the interface that is recorded: at a port of a bridge or bond, or under a VLAN. */
  readonly beneath?: true
  /** Packets that were asked about and all match it; where it is not certain, those of which some may. */
  readonly of: readonly AskedPacket[]
  /** It is for senders of a list that was not read, and for all that they send. */
  readonly ofListedSenders?: true
}

/**
 * What these rules counted together: each may be for one sender, or one port. Of rules that are certain where there are
 * any; undefined where one of those has no counter.
 */
export function lostBy(
  drops: readonly Pick<FirewallDrop, 'rule' | 'packets' | 'certain' | 'beneath'>[],
  { at, way }: Required<Pick<CountedLoss, 'at' | 'way'>>,
): CountedLoss | undefined {
  const certain = drops.filter((one) => one.certain)
  // A rule that drops several ports is listed for each of them.
  const rules = new Map((certain.length > 0 ? certain : drops).map((one) => [one.rule, one.packets]))
  const counts = [...rules.values()].filter((packets) => packets !== undefined)
  return counts.length < rules.size || counts.length === 0
    ? undefined
    : {
        ...{ at, way, packets: counts.reduce((sum, one) => sum + one, 0) },
        ...(drops.some(({ beneath }) => beneath) ? { beneath: true } : {}),
      }
}

/**
 * What a node's firewall, made by somebody else than the engine, drops of this traffic as it arrives. A rule counts
 * where the packets come to it and all of them match, or where it counted some of them while the run went on. What IPsec
 * has decrypted passes PREROUTING and INPUT a second time (net/ipv4/xfrm4_input.c), and no device before them.
 */
export function firewallDrops(
  view: LabView,
  node: string,
  traffic: Traffic,
  more: Pick<AskedPacket, 'bytes' | 'byIpsec'> = {},
): FirewallDrop[] {
  const { swarm } = view.lab.topology
  const packets = packetsOf(view, node, traffic).map((packet) => ({ ...packet, ...more }))
  const hooks = more.byIpsec === true ? hooksOfDecrypted : hooksOfArrival
  return dropsBy(view, node, packets, hooks).map(
    ({ packets, certain, of, ruleset, beneath, ...dropping }) => ({
      ...{ node, rule: describe(dropping), certain, of },
      ...(beneath === true ? { beneath } : {}),
      letIn: (senders) => letIn(dropping, ruleset, portsOf(swarm.dataPathPort)[traffic], senders),
      ...(packets === undefined ? {} : { packets }),
      ...(isOfListedSenders(dropping) ? { ofListedSenders: true as const } : {}),
    }),
  )
}

/** In the order in which what is for a host meets them. */
const hooksOfArrival: readonly Hook[] = [
  ...(['ingress', 'bridge-prerouting', 'bridge-input', 'prerouting', 'input'] as const),
]

const hooksOfDecrypted: readonly Hook[] = ['prerouting', 'input']

/** As lists of attackers are applied (CrowdSec, fail2ban with ipset, blocklists of countries). */
function isOfListedSenders({ path }: Dropping): boolean {
  return (
    path.some(({ text }) => /(^| )--match-set \S+ src( |$)/.test(text)) &&
    path.every(({ conditions }) =>
      conditions.every(({ left }) => left.startsWith('-m set') || ofSenders.has(left)),
    )
  )
}

const ofSenders: ReadonlySet<string> = new Set(['iifname', 'ip saddr', 'ct state', 'fib saddr type'])

/** What drops packets that were asked about. */
export interface PacketDrop extends Omit<FirewallDrop, 'letIn'> {
  readonly dropping: Dropping
}

/**
 * What a node’s firewall drops of these packets where it is asked about them; as `firewallDrops`. By what decided when the
 * requirement missed them (`within`), where that was kept.
 */
export function packetDrops(
  view: LabView,
  node: string,
  asked: readonly AskedPacket[],
  hooks: readonly Hook[],
  within?: string,
): PacketDrop[] {
  const then = within === undefined ? undefined : view.decidingWithin(within, node)
  return dropsBy(view, node, asked, hooks, then).map(({ packets, certain, of, by, path, beneath }) => ({
    ...{ node, rule: describe({ by, path }), certain, of, dropping: { by, path } },
    ...(beneath === true ? { beneath } : {}),
    ...(packets === undefined ? {} : { packets }),
    ...(isOfListedSenders({ by, path }) ? { ofListedSenders: true as const } : {}),
  }))
}

interface CountedDrop extends Dropping, Pick<FirewallDrop, 'certain' | 'of' | 'packets' | 'beneath'> {
  readonly ruleset: Ruleset
}

function dropsBy(
  view: LabView,
  node: string,
  asked: readonly AskedPacket[],
  hooks: readonly Hook[],
  then?: Deciding,
): CountedDrop[] {
  const after = then ?? view.kernelAfter?.[node]
  const before = view.kernelBefore?.[node]
  const state = after ?? before
  if (state === undefined) return []
  const ruleset = nodeRuleset(state)
  const former = after === undefined || before === undefined ? undefined : nodeRuleset(before)
  const links = (view.kernelAfter ?? view.kernelBefore)?.[node]?.root.links ?? []
  const found = asked
    .map((packet): AskedPacket => {
      const below = belowOf(links, packet)
      return below === undefined ? packet : { ...packet, below }
    })
    .map((packet) => (isUntracked(ruleset, packet) ? { ...packet, state: 'untracked' } : packet))
    .flatMap((packet) =>
      hooks.flatMap((hook) => dropsAt(ruleset, hook, packet)).map((one) => ({ ...one, packet })),
    )
    .filter(({ by }) => !isChain(by) || !isEnginesPolicy(by) || isWholeTable(state, 'filter'))
  const drops = [...new Set(found.map(({ by }) => by))].flatMap((by): CountedDrop[] => {
    const certain = found.some((one) => one.by === by && one.matchesAll)
    const here = found.filter((one) => one.by === by && one.matchesAll === certain)
    const path = here[0]?.path ?? []
    const of = here.map(({ packet }) => packet)
    const packets = leastOf([by, choosing({ by, path }) ?? by].map((one) => risen(one, former)))
    if (!certain && (packets === undefined || packets === 0)) return []
    const isBeneath = found.some((one) => one.by === by && one.beneath)
    return [
      {
        ...{ by, path, certain, of, ruleset },
        ...(packets === undefined ? {} : { packets }),
        ...(isBeneath ? { beneath: true } : {}),
      },
    ]
  })
  // Of a rule whose matches are not understood it is not known that it met these packets.
  return drops.toSorted(
    (one, other) => Number(other.certain) - Number(one.certain) || (other.packets ?? 0) - (one.packets ?? 0),
  )
}

/** As Calico and hosts under load do with VXLAN: rules that accept new connections do not accept it then. */
function isUntracked(ruleset: Ruleset, packet: AskedPacket): boolean {
  const hook = packet.fromHost === true ? 'output' : 'prerouting'
  return whoDecides(ruleset, hook, packet).asked.some(
    ({ rule, applies, beyond, doubted }) =>
      rule.untracks === true && applies === 'all' && !beyond && !doubted,
  )
}

/** A chain that others lead to as well counts for all of them. */
function leastOf(counts: readonly (number | undefined)[]): number | undefined {
  const known = counts.filter((count) => count !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

interface Found extends Dropping {
  readonly matchesAll: boolean
  readonly beneath: boolean
}

function dropsAt(ruleset: Ruleset, hook: Hook, packet: AskedPacket): Found[] {
  const { asked, by, verdict, unless } = whoDecides(ruleset, hook, packet)
  const rules = asked
    .filter(({ rule, beyond }) => !beyond && mayDrop(rule) && !isEngines(rule))
    .map(({ rule, applies, doubted, path, base }): Found => ({
      ...{ by: rule, path, beneath: isBeneath(base, packet) },
      matchesAll: applies === 'all' && !doubted && rule.verdict !== 'queue',
    }))
  if (by === undefined || !isChain(by) || verdict !== 'drop' || isEnginesTable(by.table)) return rules
  const accepting = unless.filter(({ rule }: AskedRule) => rule.verdict === 'accept')
  if (accepting.length > 0 && (isEnginesPolicy(by) || accepting.some(({ applies }) => applies === 'some')))
    return rules
  return [...rules, { by, path: [], matchesAll: accepting.length === 0, beneath: isBeneath(by, packet) }]
}

/** Recordings are of the interface that has the address; of which one a chain is may not be known. */
function isBeneath({ hook, devices }: Chain, packet: AskedPacket): boolean {
  if (hook !== 'ingress' && hook !== 'egress') return hook?.startsWith('bridge-') === true
  const by = hook === 'egress' ? packet.out : packet.in
  return devices === undefined || (typeof by === 'string' && !devices.includes(by))
}

/** A program that packets are handed to may drop them, and where it does not run nothing comes back. */
const mayDrop = ({ verdict }: PlacedRule): boolean =>
  verdict === 'drop' || verdict === 'reject' || verdict === 'queue'

/** Rules of the engine’s chains, of which DOCKER-USER is none, and those that keep encrypted networks encrypted. */
function isEngines(rule: PlacedRule): boolean {
  const { conditions } = rule
  return (
    isInEnginesChain(rule) ||
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

/** The codes of packets that were as large as an overlay takes them, or of many bytes at once. */
const large: ReadonlySet<string> = new Set([
  'full-size-unanswered',
  'transfer-unanswered',
  'transfer-not-whole',
])

/** The size of what was missed where only large packets were, outside of their tunnel; of others it is any. */
export function sizeMissed(missed: readonly Reported[], { lab }: LabView): Pick<AskedPacket, 'bytes'> {
  const { dataPath } = lab.topology.swarm
  const underlay = lab.topology.underlays.find(({ name }) => name === dataPath)
  const isLarge = missed.length > 0 && missed.every(({ code }) => large.has(code))
  return isLarge && underlay !== undefined ? { bytes: underlay.mtuBytes } : {}
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

/** Any of those that kernels choose, for VXLAN too (udp_flow_src_port). */
const chosenPort = 49_152

export function portsOf(dataPathPort: number): Readonly<Record<Traffic, AskedPacket>> {
  return {
    data: { protocol: 'udp', sourcePort: chosenPort, destinationPort: dataPathPort, ofKernel: true },
    esp: { protocol: 'esp', ofKernel: true },
    'gossip-udp': { protocol: 'udp', sourcePort: gossipPort, destinationPort: gossipPort },
    'gossip-tcp': { protocol: 'tcp', sourcePort: chosenPort, destinationPort: gossipPort },
    management: { protocol: 'tcp', sourcePort: chosenPort, destinationPort: managementPort },
  }
}

/** Tables of iptables have names of one word. Of a rule that drops all that comes to its chain, what leads there. */
function describe({ by, path }: Dropping): string {
  const isNft = by.table.includes(' ')
  if (isChain(by))
    return isNft ? `nft ${by.table} ${by.name}: policy drop` : `iptables -t ${by.table} -P ${by.name} DROP`
  const told = ({ table, chain, text }: PlacedRule): string =>
    isNft ? `nft ${table} ${chain}: ${text}` : `iptables -t ${table} -A ${chain} ${text}`
  const rule = choosing({ by, path }) ?? by
  return rule === by ? told(by) : `${told(rule)} (there: ${by.chain} ${by.text})`
}
