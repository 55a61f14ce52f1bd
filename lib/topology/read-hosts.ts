import type { EngineName } from './engine.ts'
import { initNames } from './init.ts'
import type { InitName } from './init.ts'
import { addressProblem } from './subnet.ts'
import { readEngineKey } from './read-engine.ts'
import { readImpairments } from './read-impairment.ts'
import { checkName, type ReadUnderlay } from './read-underlays.ts'
import { mostNodes } from './room-for-nodes.ts'
import type { NodeSpec } from './topology.ts'
import type { YamlCursor } from './yaml-cursor.ts'

export interface ReadNode {
  readonly spec: NodeSpec
  readonly at: YamlCursor
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
  const keys = at.record(['role', 'engine', 'init', 'memoryMib', 'cpus', 'addresses', 'impairments'])
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
  const impairments = readImpairments(keys.get('impairments'), addresses ?? {})
  if (role === undefined) return undefined
  const made = { ...(engine === undefined ? {} : { engine }), ...(init === undefined ? {} : { init }) }
  return {
    spec: {
      ...{ name, role, ...made, memoryMib, cpus, addresses: addresses ?? {} },
      ...(impairments === undefined ? {} : { impairments }),
    },
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
