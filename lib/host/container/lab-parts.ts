import type Docker from 'dockerode'
import type { ListedLab } from '../host.ts'
import type { Engine } from './engine.ts'
import { aboutLabels, labLabel, labels, nodeLabel, partLabel, readAbout, recordOf } from './lab-labels.ts'
import type { AboutLab, LabPart } from './lab-labels.ts'

/** What is on an engine of one lab. */
export interface LabParts {
  readonly id: string
  /** Undefined if it was made by another version, or never got that far. */
  readonly about?: AboutLab | undefined
  readonly kept: boolean
  readonly containers: readonly Docker.ContainerInfo[]
  readonly networks: readonly Docker.NetworkInspectInfo[]
  readonly volumes: readonly Docker.VolumeInspectInfo[]
}

export async function markLab({ docker }: Engine, about: AboutLab): Promise<void> {
  await docker.createVolume({ Name: `swarmproof-${about.id}`, Labels: aboutLabels(about) })
}

export async function markKept({ docker }: Engine, labId: string): Promise<void> {
  await docker.createVolume({ Name: `swarmproof-${labId}-kept`, Labels: labels(labId, 'kept') })
}

/** Every lab on the engine, whole or not, or the one named. */
export async function findLabs({ docker }: Engine, labId?: string): Promise<readonly LabParts[]> {
  const filters = { label: [partLabel, ...(labId === undefined ? [] : [`${labLabel}=${labId}`])] }
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ])
  const volumes = Volumes ?? []
  const ids = [...containers, ...networks, ...volumes].map(({ Labels }) => Labels?.[labLabel] ?? '')
  return [...new Set(ids)].sort().map((id) => {
    const own = <T extends { Labels?: Record<string, string> | null | undefined }>(all: readonly T[]): T[] =>
      all.filter(({ Labels }) => (Labels?.[labLabel] ?? '') === id)
    const found = own(volumes)
    return {
      id,
      about: readAbout(found.find(({ Labels }) => Labels[partLabel] === 'lab')?.Labels),
      kept: found.some(({ Labels }) => Labels[partLabel] === ('kept' satisfies LabPart)),
      containers: own(containers),
      networks: own(networks),
      volumes: found,
    }
  })
}

export function labRecords(labs: readonly LabParts[]): ListedLab[] {
  return labs.flatMap(({ about, kept }) => (about === undefined ? [] : [recordOf(about, kept)]))
}

/** The container of a node, whatever its state. */
export function hostContainer({ containers }: LabParts, node: string): Docker.ContainerInfo | undefined {
  return containers.find(
    ({ Labels }) => Labels[nodeLabel] === node && Labels[partLabel] === ('host' satisfies LabPart),
  )
}

/** Removes the containers of a lab, and the volumes they alone have. What is gone already is no error. */
export async function removeHosts({ docker }: Engine, { containers }: LabParts): Promise<void> {
  const how = { force: true, v: true }
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove(how).catch(unlessGone)))
}

/** Removes all of a lab, what says whose it is last. What is gone already is no error. */
export async function removeLab(engine: Engine, lab: LabParts): Promise<void> {
  const { docker } = engine
  await removeHosts(engine, lab)
  await Promise.all(lab.networks.map(({ Id }) => docker.getNetwork(Id).remove().catch(unlessGone)))
  const last = (volume: Docker.VolumeInspectInfo): boolean => volume.Labels[partLabel] === 'lab'
  for (const wanted of [false, true]) {
    const volumes = lab.volumes.filter((volume) => last(volume) === wanted)
    await Promise.all(
      volumes.map(({ Name }) => docker.getVolume(Name).remove({ force: true }).catch(unlessGone)),
    )
  }
}

/** 409 is what an engine answers while another request removes the same container. */
function unlessGone(error: unknown): void {
  const { statusCode, message = '' } = error as { statusCode?: number; message?: string }
  if (statusCode === 404 || (statusCode === 409 && message.includes('already in progress'))) return
  throw error
}
