import { rm, stat } from 'node:fs/promises'
import type { Candidate, CleanOptions, CleanResult, Left, Removed } from '../clean.ts'
import { reasonToLeave } from '../clean.ts'
import type { Engine } from './engine.ts'
import { reachEngine } from './engine.ts'
import { imageLabels, partLabel, recordOf } from './lab-labels.ts'
import { findLabs, removeLab } from './lab-parts.ts'
import type { LabParts } from './lab-parts.ts'
import { rootsDirectory } from './local-image.ts'

/** What `clean` would find on the engine; nothing where none is reachable. */
export async function containerCandidates(): Promise<readonly Candidate[]> {
  const engine = await reachEngine()
  return typeof engine === 'string' ? [] : (await findLabs(engine)).map(candidateOf)
}

/** Removes labs nobody owns, and with `cache` the images hosts were made of. */
export async function cleanContainers(options: CleanOptions): Promise<CleanResult> {
  const [removed, left]: [Removed[], Left[]] = [[], []]
  const engine = await reachEngine()
  if (typeof engine !== 'string') {
    for (const lab of await findLabs(engine)) {
      const reason = reasonToLeave(candidateOf(lab), options.all)
      if (reason === undefined) removed.push(await endLab(engine, lab))
      else left.push({ name: lab.id, reason })
    }
    if (options.cache && !left.some(({ reason }) => reason.startsWith('a running swarmproof')))
      removed.push(...(await removeImages(engine)))
  }
  if (options.cache) removed.push(...(await removeRoots()))
  return { removed, left }
}

function candidateOf({ id, about, kept, containers }: LabParts): Candidate {
  const state = about === undefined ? 'unreadable' : recordOf(about, kept).state
  const newest = Math.max(0, ...containers.map(({ Created }) => Created * 1000))
  return { id, state, ageMs: Date.now() - newest }
}

async function endLab(engine: Engine, lab: LabParts): Promise<Removed> {
  await removeLab(engine, lab)
  const name = lab.id === '' ? 'containers that only tried something' : lab.id
  return { kind: 'lab', name, processes: 0, containers: lab.containers.length, bytes: 0 }
}

async function removeImages({ docker }: Engine): Promise<Removed[]> {
  const filters = { label: [`${partLabel}=${imageLabels[partLabel]}`] }
  const images = await docker.listImages({ filters })
  const removed = await Promise.all(
    images.map(async ({ Id, RepoTags, Size }): Promise<Removed | undefined> => {
      const gone = await docker
        .getImage(Id)
        .remove({ force: true })
        .then(
          () => true,
          () => false,
        )
      const name = `image ${RepoTags?.[0] ?? Id.slice(7, 19)}`
      return gone ? { kind: 'cache', name, processes: 0, bytes: Size } : undefined
    }),
  )
  return removed.filter((one) => one !== undefined)
}

async function removeRoots(): Promise<Removed[]> {
  const path = rootsDirectory()
  if ((await stat(path).catch(() => undefined)) === undefined) return []
  await rm(path, { recursive: true, force: true })
  return [{ kind: 'cache', name: path, processes: 0, bytes: 0 }]
}
