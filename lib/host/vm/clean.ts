import { lstat, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDirectory } from '../../setup/directories.ts'
import { unpackedDirectory } from '../../setup/emulator.ts'
import { imagesDirectory } from '../../setup/guest-image.ts'
import { isLockHeld } from '../../setup/lock.ts'
import { processesUsing } from '../../setup/process-identity.ts'
import type { Candidate, CleanOptions, CleanResult, Left, Removed } from '../clean.ts'
import { reasonToLeave } from '../clean.ts'
import { probeDirectory } from './acceleration.ts'
import { endLab, endProcessesUsing } from './end-lab.ts'
import { labDirectory, labIds, labRecord, readLabState } from './lab-directory.ts'
import { standingDirectory } from './standing-lab.ts'
import { templatesDirectory } from './template.ts'

/** What `clean` would find, for saying so before anything is removed. */
export async function cleanCandidates(): Promise<readonly Candidate[]> {
  return Promise.all(
    (await labIds()).map(async (id) => {
      const state = await readLabState(id)
      const changed = await stat(labDirectory(id)).catch(() => undefined)
      return {
        id,
        state: state === undefined ? ('unreadable' as const) : labRecord(state).state,
        ageMs: Date.now() - (changed?.mtimeMs ?? 0),
      }
    }),
  )
}

/** Removes labs nobody owns and what killed builds left: processes, sockets, disks and keys. */
export async function clean(options: CleanOptions): Promise<CleanResult> {
  const removed: Removed[] = []
  const left: Left[] = []
  for (const candidate of await cleanCandidates()) {
    const reason = reasonToLeave(candidate, options.all)
    if (reason === undefined) removed.push(await removeLab(candidate.id))
    else left.push({ name: candidate.id, reason })
  }
  for (const build of await unfinishedBuilds()) {
    if (await isLockHeld(build.lock))
      left.push({ name: build.path, reason: 'a running swarmproof builds it' })
    else removed.push(await removeTree('unfinished build', build.path))
  }
  if (options.cache) await cleanCache(removed, left)
  return { removed, left }
}

async function removeLab(id: string): Promise<Removed> {
  const bytes = await diskUsage(labDirectory(id))
  const { processes } = await endLab(id)
  return { kind: 'lab', name: id, processes, bytes }
}

async function unfinishedBuilds(): Promise<readonly { readonly path: string; readonly lock: string }[]> {
  const found: { path: string; lock: string }[] = []
  for (const directory of [imagesDirectory(), templatesDirectory(), cacheDirectory()]) {
    const names = await readdir(directory).catch(() => [])
    for (const name of names.filter((entry) => entry.endsWith('.building'))) {
      const path = join(directory, name)
      found.push({ path, lock: `${path.slice(0, -'.building'.length)}.lock` })
    }
  }
  const probe = probeDirectory()
  const probing = (await lstat(probe).catch(() => undefined)) !== undefined
  return probing ? [...found, { path: probe, lock: `${probe}.lock` }] : found
}

async function cleanCache(removed: Removed[], left: Left[]): Promise<void> {
  const busy = left.find(({ reason }) => reason.startsWith('a running swarmproof'))
  if (busy !== undefined) {
    left.push({ name: cacheDirectory(), reason: `${busy.name} needs it; end that first` })
    return
  }
  const parts = [
    standingDirectory(),
    templatesDirectory(),
    imagesDirectory(),
    unpackedDirectory(),
    join(cacheDirectory(), 'acceleration.json'),
  ]
  for (const path of parts) {
    if ((await lstat(path).catch(() => undefined)) !== undefined)
      removed.push(await removeTree('cache', path))
  }
}

async function removeTree(kind: Removed['kind'], path: string): Promise<Removed> {
  const bytes = await diskUsage(path)
  // A kept lab's machines run a QEMU of the cache and are none of its builds: only those started in it are ended.
  const processes = kind === 'cache' || processesUsing(path).length === 0 ? 0 : await endProcessesUsing(path)
  await rm(path, { recursive: true, force: true })
  return { kind, name: path, processes, bytes }
}

/** Bytes really taken on disk: images are sparse files. */
async function diskUsage(path: string): Promise<number> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return 0
  let bytes = found.blocks * 512
  if (!found.isDirectory()) return bytes
  for (const name of await readdir(path)) bytes += await diskUsage(join(path, name))
  return bytes
}
