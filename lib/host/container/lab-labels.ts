import { hostname } from 'node:os'
import { isAlive } from '../../setup/process-identity.ts'
import type { ProcessIdentity } from '../../setup/process-identity.ts'
import type { Topology } from '../../topology/topology.ts'
import type { ListedLab } from '../host.ts'

/**
 * Everything of a lab carries its id and says what it is; nothing else tells what belongs to it. Other things may
 * carry the label `swarmproof` alone, such as what `validate` makes on a swarm: those are never touched here.
 *
 * | part | what |
 * |---|---|
 * | lab | a volume that says whose lab it is; the first thing made, the last removed |
 * | kept | a volume that is there if the lab is to stand: labels cannot be changed later |
 * | underlay | a network |
 * | host | a container, and the volume its engine writes to |
 * | trial | a container that only tries something |
 */
export type LabPart = 'lab' | 'kept' | 'underlay' | 'host' | 'trial'

export const labLabel = 'swarmproof'
export const partLabel = 'swarmproof.part'
const aboutLabel = 'swarmproof.about'
export const nodeLabel = 'swarmproof.node'
export const underlayLabel = 'swarmproof.underlay'
export const factsLabel = 'swarmproof.facts'

/** On images that were made for hosts: the same part everywhere, for they belong to no lab. */
export const imageLabels = { [partLabel]: 'image' } as const

export const aboutFormat = 1

/** What a lab says of itself. */
export interface AboutLab {
  readonly format: number
  readonly id: string
  readonly createdAt: string
  /** Name of the machine the owner runs on. */
  readonly machine: string
  readonly owner: ProcessIdentity
  readonly topology: Topology
}

export function labels(
  labId: string,
  part: LabPart,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { [labLabel]: labId, [partLabel]: part, ...more }
}

export function aboutLabels(about: AboutLab): Record<string, string> {
  return labels(about.id, 'lab', { [aboutLabel]: JSON.stringify(about) })
}

/** Undefined if this version does not understand it. */
export function readAbout(found: Readonly<Record<string, string>> | null | undefined): AboutLab | undefined {
  try {
    const about = JSON.parse(found?.[aboutLabel] ?? '') as Partial<AboutLab>
    return about.format === aboutFormat && about.id === found?.[labLabel] ? (about as AboutLab) : undefined
  } catch {
    return undefined
  }
}

/** An owner on another machine that uses the same engine cannot be looked at, and counts as alive. */
export function recordOf(
  about: AboutLab,
  kept: boolean,
  here = hostname(),
  lives: (owner: ProcessIdentity) => boolean = isAlive,
): ListedLab {
  const owned = about.machine !== here || lives(about.owner)
  return {
    id: about.id,
    topology: about.topology.name,
    createdAt: about.createdAt,
    state: kept ? 'kept' : owned ? 'owned' : 'orphaned',
  }
}
