import { basename, extname } from 'node:path'
import { readBoundedText } from '../bounded-file.ts'
import { InputError } from '../error.ts'
import { initNames } from './init.ts'
import { Problems } from './problems.ts'
import { readEngineKey } from './read-engine.ts'
import { readNodes } from './read-hosts.ts'
import { checkRooms } from './room-for-nodes.ts'
import { readStackKey, readSwarm } from './read-swarm.ts'
import { readUnderlays } from './read-underlays.ts'
import type { Topology } from './topology.ts'
import { YamlFile } from './yaml-cursor.ts'

const mostTopologyBytes = 256 * 1024

/** Reads and validates a topology file; throws InputError with every error of the file, each with line and key. */
export function readTopology(file: string): Topology {
  let text: string
  try {
    text = readBoundedText(file, { mostBytes: mostTopologyBytes, orPipe: true })
  } catch (error) {
    throw new InputError({
      code: 'TOPOLOGY_UNREADABLE',
      what: `cannot read topology file ${file}`,
      observed: (error as Error).message,
      hint: 'swarmproof list topologies',
      cause: error,
    })
  }
  return parseTopology(text, file)
}

/** `file` is used in messages and gives the topology its name. */
export function parseTopology(text: string, file: string): Topology {
  const problems = new Problems()
  const topology = read(text, basename(file, extname(file)), problems)
  problems.throwIfAny(file)
  if (topology === undefined) throw new Error(`${file}: refused without a reason`)
  return deepFreeze(topology)
}

function read(text: string, name: string, problems: Problems): Topology | undefined {
  const file = new YamlFile(text, problems)
  if (!file.isSound) return undefined
  if (file.document.contents === null) {
    problems.add(1, '', 'the file is empty; needed: underlays, nodes')
    return undefined
  }
  const root = file.root.record(['description', 'engine', 'init', 'underlays', 'nodes', 'swarm', 'stack'])
  if (root === undefined) return undefined
  const [underlaysAt, nodesAt] = [root.get('underlays'), root.get('nodes')]
  if (underlaysAt === undefined)
    problems.add(1, 'underlays', 'is missing; at least one underlay network is needed')
  if (nodesAt === undefined) problems.add(1, 'nodes', 'is missing; at least one manager is needed')
  const underlays = underlaysAt === undefined ? undefined : readUnderlays(underlaysAt)
  const ofAll = { engine: readEngineKey(root.get('engine')), init: root.get('init')?.oneOf(initNames) }
  const nodes = nodesAt === undefined ? undefined : readNodes(nodesAt, underlays, ofAll)
  const swarm = underlays === undefined ? undefined : readSwarm(root.get('swarm'), underlays, nodes ?? [])
  const stack = readStackKey(root.get('stack'), underlays ?? [], swarm, nodes?.length ?? 0)
  const description = root.get('description')?.text() ?? name
  if (underlays === undefined || nodes === undefined || swarm === undefined) return undefined
  checkRooms({ swarm: swarm.spec, stack }, nodes.length, { root, fallback: nodesAt })
  return {
    name,
    description,
    nodes: nodes.map(({ spec }) => spec),
    underlays: underlays.map(({ spec }) => spec),
    swarm: swarm.spec,
    stack,
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
