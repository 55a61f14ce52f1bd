import ipaddr from 'ipaddr.js'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'
import type { NamespaceState } from './host-state.ts'
import { type PlacedRule, type Ruleset, rulesetOf } from './ruleset.ts'
import { type AskedPacket, type AskedRule, type Decision, whoDecides } from './who-decides.ts'

interface Port {
  readonly protocol: string
  readonly publishedPort: number
}

/** Of a node: its own namespace, and that of its ingress sandbox, undefined where it has none. */
export interface IngressTables {
  readonly root: NamespaceState
  readonly sandbox: NamespaceState | undefined
}

/** Who decides on a node about the first packet of a connection to a port that it publishes. */
export interface PortWay {
  /** Address of ingress_sbox on docker_gwbridge. */
  readonly sandbox: string | undefined
  /** DNAT of what comes from outside, of what the node sends to its own address, and of what it sends to 127.0.0.1. */
  readonly fromOutside: AskedRule | undefined
  readonly fromNode: AskedRule | undefined
  readonly fromLoopback: AskedRule | undefined
  /** Rules that would lead the port to the sandbox if they were asked. */
  readonly unasked: readonly PlacedRule[]
  /** About what was led to the sandbox and is forwarded there; only where it is known where that is. */
  readonly forwarding: Decision | undefined
  /** Whether what the node sends from 127.0.0.1 gets an address that answers come back to. */
  readonly masquerades: boolean
  /** The rule that gives it one. */
  readonly masquerading: PlacedRule | undefined
}

/**
 * Follows a published port by what rules do: the engine’s chains have other names from version to version and between
 * backends, and chains of a former version stay until the host starts again.
 */
export function wayOfPort({ root, sandbox: inner }: IngressTables, port: Port): PortWay {
  const ruleset = rulesetOf(root)
  const sandbox = inner === undefined ? undefined : sandboxAddress(root, inner)
  const bridges = insideBridges(root)
  const outside = { noneOf: [...new Set([gatewayBridgeName, ...bridges])] }
  const own = ownAddress(root, bridges)
  const packet: AskedPacket = {
    ...{ protocol: port.protocol, destinationPort: port.publishedPort, state: 'new' },
    ...{ byIpsec: false, toHost: true },
    ...(own === undefined ? {} : { destination: own }),
  }
  // What a host sends came in by no interface.
  const ofNode = { ...packet, fromHost: true, in: '', out: 'lo' }
  const loopback = { source: '127.0.0.1', fromHost: true }
  const led = {
    ...{ toHost: false, translated: true, out: gatewayBridgeName },
    askedPort: port.publishedPort,
  } as const
  const [fromOutside, fromNode, fromLoopback] = [
    whoDecides(ruleset, 'prerouting', { ...packet, in: outside, fromHost: false }),
    whoDecides(ruleset, 'output', ofNode),
    whoDecides(ruleset, 'output', { ...ofNode, ...loopback, destination: '127.0.0.1' }),
  ].map((decision) => translating(decision, sandbox))
  const onward = sandbox === undefined ? undefined : { ...packet, ...led, destination: sandbox }
  const back = onward === undefined ? undefined : { ...onward, ...loopback }
  const masquerading = back === undefined ? undefined : masqueradeOf(ruleset, back)
  return {
    ...{ sandbox, fromOutside, fromNode, fromLoopback },
    unasked: ruleset.flatMap(({ rules }) =>
      rules.filter((rule) => leadsPort(rule, port) && rule.leadsTo?.split(':')[0] === sandbox),
    ),
    forwarding: onward === undefined ? undefined : whoDecides(ruleset, 'forward', { ...onward, in: outside }),
    masquerades: back === undefined || masquerading !== undefined,
    masquerading,
  }
}

/** Rules that the way rests on, as they are looked up. */
export function rulesOfWay({ fromOutside, fromNode, forwarding }: PortWay): PlacedRule[] {
  const accepting = forwarding?.asked.find(({ rule }) => rule === forwarding.by)
  return [...new Set([fromOutside, fromNode, accepting].flatMap((asked) => asked?.path ?? []))]
}

/** Those that others are behind have ports of the host's own; one that has its interfaces is the way out. */
function insideBridges({ links }: NamespaceState): string[] {
  const own = new Set(['', 'bond', 'team', 'vlan'])
  const outward = new Set(links.filter(({ kind }) => own.has(kind)).map(({ master }) => master))
  return links.filter(({ kind, name }) => kind === 'bridge' && !outward.has(name)).map(({ name }) => name)
}

/**
 * The rule that translates: whether one before it with a match that is not understood applies is for packets to tell,
 * unless nothing else leads to the sandbox.
 */
function translating({ asked }: Decision, sandbox: string | undefined): AskedRule | undefined {
  const may = asked.filter(
    ({ rule, applies, beyond }) => rule.leadsTo !== undefined && applies !== 'some' && !beyond,
  )
  return may.find(({ rule }) => rule.leadsTo?.split(':')[0] === sandbox) ?? may[0]
}

function masqueradeOf(ruleset: Ruleset, packet: AskedPacket): PlacedRule | undefined {
  return whoDecides(ruleset, 'postrouting', packet).asked.find(
    ({ rule, applies, beyond }) => rule.masquerades === true && applies !== 'some' && !beyond,
  )?.rule
}

function leadsPort({ leadsTo, conditions }: PlacedRule, { protocol, publishedPort }: Port): boolean {
  return (
    leadsTo !== undefined &&
    conditions.some(
      ({ left, not, values }) =>
        left === `${protocol} dport` && not !== true && values.includes(String(publishedPort)),
    )
  )
}

/** One that others reach the host by; what packets to it meet, packets to any other of its addresses meet as well. */
function ownAddress(root: NamespaceState, bridges: readonly string[]): string | undefined {
  const addresses = root.links.flatMap(({ name, addresses: list }) =>
    list.flatMap(({ address, family }) =>
      family === 'inet' && !address.startsWith('127.') ? [{ address, isBridge: bridges.includes(name) }] : [],
    ),
  )
  return (addresses.find(({ isBridge }) => !isBridge) ?? addresses[0])?.address
}

/** The sandbox's address in the subnet of docker_gwbridge. */
function sandboxAddress(root: NamespaceState, sandbox: NamespaceState): string | undefined {
  const bridge = root.links
    .find(({ name }) => name === gatewayBridgeName)
    ?.addresses.find(({ family }) => family === 'inet')
  if (bridge === undefined) return undefined
  const subnet = ipaddr.IPv4.parseCIDR(`${bridge.address}/${bridge.prefixLength}`)
  return sandbox.links
    .flatMap(({ addresses }) => addresses)
    .find(({ address, family }) => family === 'inet' && ipaddr.IPv4.parse(address).match(subnet))?.address
}
