import type { HostState, NamespaceState } from '../observe/host-state.ts'
import type { Hook, PlacedRule, Ruleset } from '../observe/ruleset.ts'
import { rulesetOf } from '../observe/ruleset.ts'
import { type AskedPacket, whoDecides } from '../observe/who-decides.ts'
import { wayOfPort } from '../observe/way-of-port.ts'
import { ingressNamespace } from '../swarm/namespaces.ts'
import { contains } from '../topology/cidr.ts'
import type { LabView } from './lab-view.ts'
import { statesOf } from './meanwhile.ts'
import { nodeRuleset, risen } from './node-firewall.ts'

/** Where a packet is asked about by rules that translate destinations. */
export interface AskedAt {
  readonly node: string
  /** File name below /run/docker/netns; undefined for the host’s own. */
  readonly namespace?: string
  /** The task whose namespace it is. */
  readonly task?: string
  readonly hook: Extract<Hook, 'prerouting' | 'output'>
  readonly packet: AskedPacket
}

/** A rule, not the engine’s, that leads a packet to another address or port than it was sent to. */
export interface Translation extends Pick<AskedAt, 'node' | 'namespace' | 'task'> {
  readonly rule: PlacedRule
  /** As `ADDRESS:PORT`, as far as the rule says it; `?` where that is computed. */
  readonly leadsTo: string
  /** First packets of connections while the run went on; undefined where the rule has no counter. */
  readonly packets?: number
  /** Such packets all match it; of another it is known only that it counted something. */
  readonly certain: boolean
  /** An engine made it that was there before: the one of today has another rule for the same port. */
  readonly isFormer?: true
}

/** DNAT and REDIRECT in whatever chain. One whose counter did not move led nothing elsewhere. */
export function foreignTranslations(
  lab: LabView,
  { node, namespace, task, hook, packet }: AskedAt,
): readonly Translation[] {
  const now = rulesAt(lab, node, namespace)
  if (now === undefined) return []
  const [first] = whoDecides(now.ruleset, hook, packet).asked.flatMap(
    ({ rule, applies, beyond, base, doubted }): Translation[] => {
      if (beyond || !base.translates || rule.leadsTo === undefined || now.isEngines(rule)) return []
      const packets = risen(rule, now.former)
      const certain = applies === 'all' && !doubted
      if (packets === 0 || (!certain && packets === undefined)) return []
      return [
        {
          ...{ node, rule, leadsTo: rule.leadsTo, certain },
          ...(namespace === undefined ? {} : { namespace }),
          ...(task === undefined ? {} : { task }),
          ...(packets === undefined ? {} : { packets }),
          ...(now.isFormer(rule) ? { isFormer: true as const } : {}),
        },
      ]
    },
  )
  return first === undefined ? [] : [first]
}

/** Whether a rule, were it the engine’s, leads such packets elsewhere. */
export function isTranslated(lab: LabView, { node, namespace, hook, packet }: AskedAt): boolean {
  const rules = rulesAt(lab, node, namespace)
  return rules !== undefined && whoDecides(rules.ruleset, hook, packet).translation !== undefined
}

interface Rules {
  readonly ruleset: Ruleset
  readonly former: Ruleset | undefined
  readonly isEngines: (rule: PlacedRule) => boolean
  readonly isFormer: (rule: PlacedRule) => boolean
}

/** Rules of a namespace are asked for each problem. */
const known = new WeakMap<LabView, Map<string, Rules | undefined>>()

function rulesAt(lab: LabView, node: string, namespace: string | undefined): Rules | undefined {
  const ofLab = known.get(lab) ?? new Map<string, Rules | undefined>()
  known.set(lab, ofLab)
  const key = `${node} ${namespace ?? ''}`
  if (!ofLab.has(key)) ofLab.set(key, readRules(lab, node, namespace))
  return ofLab.get(key)
}

function readRules(lab: LabView, node: string, namespace: string | undefined): Rules | undefined {
  const [state] = statesOf(lab, node)
  const before = lab.kernelBefore?.[node]
  const isTwice = before !== undefined && before !== state && before.bootId === state?.bootId
  if (state === undefined) return undefined
  if (namespace === undefined) {
    const { sandbox } = wayOfPort(
      { root: state.root, sandbox: state.namespaces[ingressNamespace] },
      { protocol: 'tcp', publishedPort: 0 },
    )
    const behind = addressesBehind(state, lab)
    const ruleset = nodeRuleset(state)
    const isFormer = (rule: PlacedRule): boolean => isOfFormerEngine(rule, sandbox, ruleset)
    return {
      ruleset,
      former: isTwice ? nodeRuleset(before) : undefined,
      isEngines: (rule) => isEnginesOfHost(rule, sandbox, behind) && !isFormer(rule),
      isFormer,
    }
  }
  const inside = state.namespaces[namespace]
  const former = isTwice ? before.namespaces[namespace] : undefined
  return inside === undefined
    ? undefined
    : {
        ruleset: rulesetOf(inside),
        former: former === undefined ? undefined : rulesetOf(former),
        isEngines: (rule) => isEnginesInside(rule, lab),
        isFormer: () => false,
      }
}

/**
 * What a published port is led to is a container of a bridge, or ingress_sbox by the port that was asked. Another rule in a
 * chain of the engine is somebody else’s, and one elsewhere that leads where the engine’s do does no harm.
 */
function isEnginesOfHost(
  rule: PlacedRule,
  sandbox: string | undefined,
  behind: (address: string) => boolean,
): boolean {
  const [address = '', port] = (rule.leadsTo ?? '').split(':')
  if (address === sandbox || rule.chain === 'DOCKER-INGRESS')
    return behind(address) && (port === undefined || asks(rule, port))
  return (rule.chain.startsWith('DOCKER') || / docker/.test(rule.table)) && behind(address)
}

/**
 * Engines from 29.8 publish ports of the mesh in the chain of all others. An upgrade in place leaves the one that engines
 * before had, with the address that ingress_sbox had then.
 */
function isOfFormerEngine(rule: PlacedRule, sandbox: string | undefined, ruleset: Ruleset): boolean {
  const [address] = (rule.leadsTo ?? '').split(':')
  return (
    rule.chain === 'DOCKER-INGRESS' &&
    sandbox !== undefined &&
    address !== sandbox &&
    ruleset.some(({ name, rules }) =>
      rules.some(
        (other) =>
          name !== rule.chain &&
          other.leadsTo?.split(':')[0] === sandbox &&
          portsOf(rule).some((port) => portsOf(other).includes(port)),
      ),
    )
  )
}

/** As `tcp dport 8080`. */
function portsOf({ conditions }: PlacedRule): string[] {
  return conditions.flatMap(({ left, not, values }) =>
    left.endsWith(' dport') && not !== true ? values.map((value) => `${left} ${value}`) : [],
  )
}

/**
 * Whether an address is one that a container of the node has, or that a bridge leads to. A bridge can have lost its own
 * address, or was made to have none (`inhibit_ipv4`).
 */
function addressesBehind({ root, namespaces }: HostState, lab: LabView): (address: string) => boolean {
  const subnets = subnetsOf(lab)
  const held = new Set(
    Object.values(namespaces)
      .flatMap(({ links }) => links.flatMap(({ addresses }) => addresses.map((one) => one.address)))
      .filter((address) => isAddress(address) && !subnets.some((subnet) => contains(subnet, address))),
  )
  return (address) => held.has(address) || isOnBridge(address, root.links)
}

function subnetsOf({ facts }: LabView): string[] {
  return Object.values(facts?.networks ?? {}).flatMap(({ subnet }) => (subnet === '' ? [] : [subnet]))
}

function asks({ conditions }: PlacedRule, port: string): boolean {
  return conditions.some(({ left, values }) => left.endsWith(' dport') && values.includes(port))
}

function isOnBridge(address: string, links: NamespaceState['links']): boolean {
  if (!isAddress(address)) return false
  return links
    .filter(({ kind }) => kind === 'bridge')
    .flatMap(({ addresses }) => addresses)
    .some((own) => own.family === 'inet' && contains(`${own.address}/${own.prefixLength}`, address))
}

const isAddress = (text: string): boolean => /^\d+(\.\d+){3}$/.test(text)

/**
 * The engine’s resolver; the published port that a task on ingress takes as its own (libnetwork: addRedirectRules); and
 * tasks behind virtual IPs, where nftables balances.
 */
function isEnginesInside(rule: PlacedRule, lab: LabView): boolean {
  const [address = ''] = (rule.leadsTo ?? '').split(':')
  const ofIngress = Object.values(lab.facts?.networks ?? {}).find(({ ingress }) => ingress)?.subnet ?? ''
  return (
    address === '127.0.0.11' ||
    (address === '' &&
      ofIngress !== '' &&
      rule.conditions.some(
        ({ left, values }) => left === 'ip daddr' && values.some((value) => isWithin(value, ofIngress)),
      )) ||
    (/ docker/.test(rule.table) &&
      isAddress(address) &&
      subnetsOf(lab).some((subnet) => contains(subnet, address)))
  )
}

function isWithin(value: string, subnet: string): boolean {
  const [address = ''] = value.split('/')
  return isAddress(address) && contains(subnet, address)
}

/** As somebody would type it, for people, and whose rule it is where it is not the host’s. */
export function describeTranslation({ namespace, task, rule: { table, chain, text } }: Translation): string {
  const rule = table.includes(' ')
    ? `nft ${table} ${chain}: ${text}`
    : `iptables -t ${table} -A ${chain} ${text}`
  if (namespace === undefined) return rule
  return `in the namespace ${namespace}${task === undefined ? '' : ` of ${task}`} ${rule}`
}

/** What takes it away again. */
export function removalOf({ namespace, rule: { table, chain, text } }: Translation): string {
  const within = namespace === undefined ? '' : `nsenter --net=/run/docker/netns/${namespace} `
  return table.includes(' ')
    ? `\`${within}nft -a list chain ${table} ${chain}\`, and delete the rule by its handle`
    : `\`${within}iptables -t ${table} -D ${chain} ${text}\``
}
