import type { NamespaceState } from '../observe/host-state.ts'
import { type Hook, type PlacedRule, rulesetOf } from '../observe/ruleset.ts'
import { type AskedPacket, whoDecides } from '../observe/who-decides.ts'
import { ingressNamespace } from '../swarm/namespaces.ts'
import { contains, overlaps } from '../topology/cidr.ts'
import { type ClusterFacts, taskName } from '../observation/facts.ts'
import type { LabView, Reported } from './lab-view.ts'
import { isOfMesh } from './own-mesh.ts'

/** A rule in a namespace of a node, not the engine’s, that dropped packets while requirements were verified. */
export interface NamespaceDrop {
  readonly rule: PlacedRule
  readonly packets: number
}

/** A namespace with such rules. */
export interface DroppingNamespace {
  /** File name below /run/docker/netns. */
  readonly name: string
  readonly state: NamespaceState
  readonly drops: readonly NamespaceDrop[]
  /** Overlays that it has an address on. */
  readonly networks: readonly string[]
}

export function droppingNamespaces(node: string, lab: LabView): DroppingNamespace[] {
  const [before, after] = [lab.kernelBefore?.[node], lab.kernelAfter?.[node]]
  if (before === undefined || after === undefined) return []
  return Object.entries(after.namespaces).flatMap(([name, state]) => {
    const former = before.namespaces[name]
    if (former === undefined || former.inode !== state.inode) return []
    const rulesBefore = rulesetOf(former).flatMap(({ rules }) => rules)
    const drops = rulesetOf(state)
      .flatMap(({ rules }) => rules)
      .filter((rule) => isDrop(rule) && !isEngines(rule, lab) && meetsSwarm(rule, name, lab))
      .map((rule) => ({ rule, packets: (rule.packets ?? 0) - countedBefore(rulesBefore, rule) }))
      .filter(({ packets }) => packets > 0)
    return drops.length === 0 ? [] : [{ name, state, drops, networks: networksOf(state, lab) }]
  })
}

const isDrop = ({ verdict }: PlacedRule): boolean => verdict === 'drop' || verdict === 'reject'

/** One that was not there when the run began may have counted before. */
function countedBefore(
  before: readonly PlacedRule[],
  { table, chain, text, packets = 0 }: PlacedRule,
): number {
  const former = before.find((one) => one.table === table && one.chain === chain && one.text === text)
  return former?.packets ?? packets
}

/**
 * The engine drops what comes to a task’s ingress address, or leaves it, for other ports than the published ones
 * (libnetwork: addRedirectRules), and in the overlay what arrives for the encrypted network in clear.
 */
function isEngines({ text, chain }: PlacedRule, { facts }: LabView): boolean {
  const ingress = facts?.networks.ingress?.subnet
  const address = /(?:^| )-[sd] ([\d.]+)\/32(?: |$)/.exec(text)?.[1]
  return (
    chain.startsWith('DOCKER') ||
    (ingress !== undefined && address !== undefined && contains(ingress, address))
  )
}

/** An address that the rule wants is one of the swarm, or of a client of the mesh: those may be anywhere. */
function meetsSwarm({ conditions }: PlacedRule, namespace: string, { facts }: LabView): boolean {
  if (facts === undefined || namespace === ingressNamespace) return true
  const known = [
    '127.0.0.0/8',
    ...Object.values(facts.networks).map(({ subnet }) => subnet),
    ...facts.nodes.flatMap(({ advertise, dataPath }) => [advertise.address, dataPath.address]),
  ]
  return conditions.every(
    ({ left, not, values }) =>
      !/^ip [sd]addr$/.test(left) ||
      not === true ||
      values.some((value) => value.includes('-') || known.some((block) => overlaps(block, value))),
  )
}

function networksOf({ links }: NamespaceState, { facts }: LabView): string[] {
  const addresses = addressesOf(links)
  return Object.values(facts?.networks ?? {})
    .filter(({ subnet }) => addresses.some((address) => contains(subnet, address)))
    .map(({ name }) => name)
}

const addressesOf = (links: NamespaceState['links']): string[] =>
  links.flatMap((link) =>
    link.addresses.filter(({ family }) => family === 'inet').map(({ address }) => address),
  )

/** Whether what was missed passes that namespace: of the tasks at its ends, or by balancers and overlays between them. */
export function passes(
  problem: Reported,
  node: string,
  { name, state, networks }: DroppingNamespace,
  { facts }: LabView,
): boolean {
  const { network, ends, service } = problem
  const isShared = name === ingressNamespace || name.startsWith('lb_') || /^\d+-/.test(name)
  if (network !== undefined && !networks.includes(network)) return false
  const own = (facts?.tasks ?? []).filter((task) => task.node === node)
  const named = own.filter((task) => [ends?.from, ends?.to].includes(taskName(task)))
  const asked = named.length > 0 ? named : own.filter((task) => isOfMesh(problem) && task.service === service)
  if (isShared || asked.length === 0)
    return !isOfMesh(problem) || networks.includes(facts?.networks.ingress?.name ?? '')
  const addresses = addressesOf(state.links)
  return asked.some((task) =>
    Object.values(task.endpoints).some(({ address }) => addresses.includes(address)),
  )
}

/** In the namespace of an overlay frames are bridged: br_netfilter shows them to the hooks of IP as well. */
const hooks: readonly Hook[] = [
  ...(['prerouting', 'input', 'forward', 'output', 'postrouting'] as const),
  ...(['ingress', 'egress', 'bridge-prerouting', 'bridge-input', 'bridge-forward'] as const),
  ...(['bridge-output', 'bridge-postrouting'] as const),
]

/** Of these rules those that packets of a problem meet, on their way there or back. */
export function metBy(
  problem: Reported,
  { state, drops }: DroppingNamespace,
  { facts }: LabView,
): readonly NamespaceDrop[] {
  const ruleset = rulesetOf(state)
  const asked = packetsOf(problem, facts).flatMap((packet) =>
    hooks.flatMap((hook) => whoDecides(ruleset, hook, packet).asked.filter(({ beyond }) => !beyond)),
  )
  return drops.filter(({ rule: { table, chain, position } }) =>
    asked.some(({ rule }) => rule.table === table && rule.chain === chain && rule.position === position),
  )
}

const protocolsOf: Readonly<Record<string, readonly string[]>> = {
  ...{ TCP: ['tcp'], HTTP: ['tcp'], UDP: ['udp'], ICMP: ['icmp'] },
}

/** Where every container asks for names. */
const resolver = { address: '127.0.0.11', port: 53 }

/** Of clients: any of those that kernels choose. */
const chosenPort = 49_152

type Ports = Pick<AskedPacket, 'sourcePort' | 'destinationPort'>

const towards = (port: number): Ports => ({ sourcePort: chosenPort, destinationPort: port })
const from = (port: number): Ports => ({ sourcePort: port, destinationPort: chosenPort })

function packetsOf({ code, protocol, port }: Reported, facts: ClusterFacts | undefined): AskedPacket[] {
  if (/^name-|^virtual-ip-not-(resolved|alone)/.test(code))
    return ['udp', 'tcp'].flatMap((one) => [
      { protocol: one, destination: resolver.address, ...towards(resolver.port) },
      { protocol: one, source: resolver.address, ...from(resolver.port) },
    ])
  const published = Object.values(facts?.services ?? {}).flatMap((service) => service.published)
  const ports = [port, ...published.flatMap((one) => (one.publishedPort === port ? one.targetPort : []))]
  const ofBalancing = /^(connections|requests)-/.test(code) ? 'TCP' : ''
  return (protocolsOf[protocol ?? ofBalancing] ?? ['tcp', 'udp', 'icmp']).flatMap((one) =>
    [...new Set(ports)].flatMap((number): AskedPacket[] =>
      number === undefined
        ? [{ protocol: one }]
        : [
            { protocol: one, ...towards(number) },
            { protocol: one, ...from(number) },
          ],
    ),
  )
}
