import { existsSync, readdirSync } from 'node:fs'
import { basename, extname, join, relative } from 'node:path'
import { InputError, unknownName } from '../error.ts'
import { packageRoot } from '../package-root.ts'
import { readTopology } from './read-topology.ts'
import type { Topology } from './topology.ts'

const isYaml = (name: string): boolean => ['.yaml', '.yml'].includes(extname(name).toLowerCase())

/** A topology by its name among those that come with swarmproof, or by the path of a YAML file. */
export function findTopology(name: string, folder = shippedFolder()): Topology {
  if (isYaml(name)) {
    if (existsSync(name)) return readTopology(name)
    throw new InputError({
      code: 'TOPOLOGY_UNREADABLE',
      what: `there is no topology file ${name}`,
      hint: `give the path of a YAML file, or a name: ${namesIn(folder).join(', ')}`,
    })
  }
  const file = filesIn(folder).find((one) => nameOf(one) === name)
  if (file === undefined)
    throw unknownName('topology', name, namesIn(folder), '`swarmproof list topologies` lists them')
  return readTopology(shown(join(folder, file)))
}

/** Topologies that come with swarmproof, by name. */
export function listTopologies(folder = shippedFolder()): readonly Topology[] {
  return filesIn(folder).map((file) => readTopology(shown(join(folder, file))))
}

function shippedFolder(): string {
  return join(packageRoot(), 'topologies')
}

function filesIn(folder: string): string[] {
  return readdirSync(folder).filter(isYaml).sort()
}

function namesIn(folder: string): string[] {
  return filesIn(folder).map(nameOf)
}

function nameOf(file: string): string {
  return basename(file, extname(file))
}

/** Messages name a file the way somebody in this folder would type it. */
function shown(file: string): string {
  const path = relative('.', file)
  return path.startsWith('..') ? file : path
}
