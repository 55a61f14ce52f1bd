import type { EngineName } from './engine.ts'
import { initNames } from './init.ts'
import type { InitName } from './init.ts'
import { addressProblem, overlap, parseSubnet } from './subnet.ts'
import { readEngineKey } from './read-engine.ts'
import type { Subnet } from './subnet.ts'
import type { NodeSpec, UnderlaySpec } from './topology.ts'
import type { YamlCursor } from './yaml-cursor.ts'

/** Between a lab's machines and the machine that drives them; not for labs to use. */
const managementNetwork = '172.31.250.0/24'
/** Swarm gives its ingress network this one unless told otherwise. */
const ingressNetwork = '10.0.0.0/24'

const namePattern = /^[a-z][a-z0-9-]{0,30}$/
const mostNodes = 9
const mostUnderlays = 16

export interface ReadUnderlay {
  readonly spec: UnderlaySpec
  /** Undefined if what was written is none; that was complained about. */
  readonly subnet: Subnet | undefined
  readonly subnetAt: YamlCursor | undefined
  readonly mtuAt: YamlCursor
}

export interface ReadNode {
  readonly spec: NodeSpec
  readonly at: YamlCursor
}

export function readUnderlays(at: YamlCursor): readonly ReadUnderlay[] | undefined {
  const entries = at.map()
  if (entries === undefined) return undefined
  if (entries.size === 0) at.complain('at least one underlay network is needed')
  if (entries.size > mostUnderlays)
    at.complain(`at most ${mostUnderlays} underlay networks, are ${entries.size}`)
  const underlays: ReadUnderlay[] = []
  for (const [name, value] of [...entries].slice(0, mostUnderlays)) {
    checkName(name, value)
    const keys = value.record(['subnet', 'mtuBytes'])
    if (keys === undefined) continue
    const [subnetAt, mtuAt] = [keys.get('subnet'), keys.get('mtuBytes')]
    const subnet = readSubnet(subnetAt, value, underlays)
    const mtuBytes = mtuAt?.integer(576, 9216) ?? 1500
    const spec = { name, subnet: subnet?.text ?? '', mtuBytes }
    underlays.push({ spec, subnet, subnetAt, mtuAt: mtuAt ?? value })
  }
  return underlays
}

function readSubnet(
  at: YamlCursor | undefined,
  parent: YamlCursor,
  others: readonly ReadUnderlay[],
): Subnet | undefined {
  if (at === undefined) {
    parent.complain('subnet is missing, such as 192.168.56.0/24')
    return undefined
  }
  return readFreeSubnet(at, takenBy(others))
}

/** `at` is where it is written, if it is. */
export type TakenSubnets = readonly {
  readonly what: string
  readonly subnet: Subnet
  readonly at?: YamlCursor
}[]

/** Networks another one must not overlap. */
export function takenBy(underlays: readonly ReadUnderlay[]): TakenSubnets {
  const own = underlays.flatMap(({ spec, subnet, subnetAt: at }) =>
    subnet === undefined || at === undefined ? [] : [{ what: `underlay '${spec.name}'`, subnet, at }],
  )
  const reserved = [
    { what: 'the management network of labs', subnet: parseSubnet(managementNetwork) },
    { what: "swarm's ingress network", subnet: parseSubnet(ingressNetwork) },
  ]
  return [
    ...own,
    ...reserved.flatMap(({ what, subnet }) => (typeof subnet === 'string' ? [] : [{ what, subnet }])),
  ]
}

/** A network that is sound and free; what is not is complained about. */
export function readFreeSubnet(at: YamlCursor, taken: TakenSubnets): Subnet | undefined {
  const text = at.text()
  if (text === undefined) return undefined
  const subnet = parseSubnet(text)
  if (typeof subnet === 'string') {
    at.complain(subnet)
    return undefined
  }
  const other = taken.find((one) => overlap(one.subnet, subnet))
  if (other !== undefined) at.complain(`${text} overlaps ${other.what} (${other.subnet.text})`)
  return subnet
}

/** What the lab says of all its nodes; a node may say otherwise of itself. */
export interface OfAllNodes {
  readonly engine: EngineName | undefined
  readonly init: InitName | undefined
}

export function readNodes(
  at: YamlCursor,
  underlays: readonly ReadUnderlay[] | undefined,
  ofAll: OfAllNodes,
): readonly ReadNode[] | undefined {
  const entries = at.map()
  if (entries === undefined) return undefined
  if (entries.size > mostNodes) at.complain(`at most ${mostNodes} nodes, are ${entries.size}`)
  const owners = new Map<string, string>()
  const nodes = [...entries]
    .slice(0, mostNodes)
    .map(([name, value]) => readNode(name, value, underlays, owners, ofAll))
  const sound = nodes.filter((node) => node !== undefined)
  if (sound.length === nodes.length && !sound.some(({ spec }) => spec.role === 'manager')) {
    at.complain('no manager; at least one node needs role: manager')
  }
  return sound
}

function readNode(
  name: string,
  at: YamlCursor,
  underlays: readonly ReadUnderlay[] | undefined,
  owners: Map<string, string>,
  ofAll: OfAllNodes,
): ReadNode | undefined {
  checkName(name, at)
  const keys = at.record(['role', 'engine', 'init', 'memoryMib', 'cpus', 'addresses'])
  if (keys === undefined) return undefined
  const [roleAt, addressesAt] = [keys.get('role'), keys.get('addresses')]
  if (roleAt === undefined) at.complain('role is missing: manager, worker or outsider')
  if (addressesAt === undefined) at.complain('addresses is missing: an address by underlay name')
  const role = roleAt?.oneOf(['manager', 'worker', 'outsider'])
  const engine = readEngineKey(keys.get('engine')) ?? ofAll.engine
  const init = keys.get('init')?.oneOf(initNames) ?? ofAll.init
  const memoryMib = keys.get('memoryMib')?.integer(512, 65_536) ?? 1024
  const cpus = keys.get('cpus')?.integer(1, 16) ?? 1
  const addresses =
    addressesAt === undefined ? undefined : readAddresses(name, addressesAt, underlays, owners)
  if (role === undefined) return undefined
  const made = { ...(engine === undefined ? {} : { engine }), ...(init === undefined ? {} : { init }) }
  return {
    spec: { name, role, ...made, memoryMib, cpus, addresses: addresses ?? {} },
    at: addressesAt ?? at,
  }
}

function readAddresses(
  node: string,
  at: YamlCursor,
  underlays: readonly ReadUnderlay[] | undefined,
  owners: Map<string, string>,
): Record<string, string> | undefined {
  const entries = at.map()
  if (entries === undefined) return undefined
  if (entries.size === 0) at.complain('at least one address is needed, by underlay name')
  const addresses: Record<string, string> = {}
  for (const [name, value] of entries) {
    const underlay = underlays?.find(({ spec }) => spec.name === name)
    if (underlays !== undefined && underlay === undefined) {
      value.complain(
        `unknown underlay '${name}'; valid: ${underlays.map(({ spec }) => spec.name).join(', ')}`,
      )
      continue
    }
    const text = value.text()
    if (text === undefined) continue
    addresses[name] = text
    checkAddress(text, value, node, underlay, owners)
  }
  return addresses
}

function checkAddress(
  text: string,
  at: YamlCursor,
  node: string,
  underlay: ReadUnderlay | undefined,
  owners: Map<string, string>,
): void {
  if (underlay?.subnet === undefined) return
  const problem = addressProblem(text, underlay.subnet, `underlay '${underlay.spec.name}'`)
  if (problem !== undefined) return at.complain(problem)
  const owner = owners.get(text)
  if (owner !== undefined) at.complain(`${text} is already the address of ${owner}`)
  owners.set(text, owner ?? `node '${node}'`)
}

/** Of an underlay, a node, a network: it becomes a word of commands and a part of paths. */
export function checkName(name: string, at: YamlCursor): void {
  if (namePattern.test(name)) return
  at.complain(
    `'${name}' is not a valid name: a lower-case letter, then up to 30 lower-case letters, digits or hyphens`,
  )
}
