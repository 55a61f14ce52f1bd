import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Progress } from '../../progress.ts'
import { cacheDirectory } from '../../setup/directories.ts'
import { contentKey, readManifest, writeManifest } from '../../setup/manifest.ts'
import { isAlive } from '../../setup/process-identity.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Acceleration } from './acceleration.ts'
import { clientKeyFile, labIds, machineFiles, readLabState } from './lab-directory.ts'
import type { LabMachine, LabState } from './lab-directory.ts'
import type { LabContext } from './lab-machines.ts'
import { processorOf } from './machine-arguments.ts'
import { findTemplate } from './template.ts'

/** A lab saved whole. Its files are only read: labs resumed from it write to overlays of their own. */
export interface SavedLab {
  readonly directory: string
  readonly savedAt: string
  readonly notes: unknown
  readonly machines: readonly LabMachine[]
}

/** Raised whenever what is saved, or what it means, changes. */
const standingFormat = 1

/** Certificates of a swarm's nodes are renewed at half their 90 days; a lab older than this is rebuilt. */
const longestAgeDays = 30

interface Manifest {
  readonly format: number
  readonly saveId: string
  readonly savedAt: string
  readonly notes: unknown
  readonly machines: readonly LabMachine[]
  /** Bytes of every file, by name. */
  readonly files: Readonly<Record<string, number>>
}

export function standingDirectory(): string {
  return join(cacheDirectory(), 'standing')
}

/** A saved lab fits only the very topology, recipe, emulator, images and acceleration it was made with. */
export function standingKey(
  topology: Topology,
  stackRecipe: string,
  acceleration: Acceleration,
  context: Pick<LabContext, 'emulator' | 'imageOf'>,
): string {
  // The topology says which node has which of them.
  const builds = [...new Set(topology.nodes.map((node) => context.imageOf(node).buildId))]
  const hash = contentKey({
    topology,
    stackRecipe,
    accelerator: acceleration.accelerator,
    processor: processorOf(acceleration.accelerator),
    emulator: [context.emulator.version, context.emulator.binary],
    image: builds.length === 1 ? builds[0] : builds,
  })
  return `${topology.name.slice(0, 24)}-${hash}`
}

/** Held while a saved lab is chosen, replaced or dropped. */
export const standingLock = (key: string): string => join(standingDirectory(), `${key}.lock`)

const currentFile = (key: string): string => join(standingDirectory(), key, 'current.json')

/** The saved lab under this key. One that is unreadable, incomplete or too old is removed, and that is said. */
export async function findStanding(
  key: string,
  progress: Progress,
  now = new Date(),
): Promise<SavedLab | undefined> {
  const content = await readManifest(currentFile(key))
  if (content === undefined) return undefined
  const manifest = content as Partial<Manifest>
  const flaw = await flawOf(manifest, join(standingDirectory(), key), now)
  if (flaw !== undefined) {
    progress.note(`the saved lab is not used: ${flaw}; it is rebuilt`)
    await dropStandingLab(key)
    return undefined
  }
  const { saveId, savedAt, notes, machines } = manifest as Manifest
  return { directory: join(standingDirectory(), key, saveId), savedAt, notes, machines }
}

/** Why a saved lab cannot be trusted; undefined if it can. */
async function flawOf(
  manifest: Partial<Manifest>,
  directory: string,
  now: Date,
): Promise<string | undefined> {
  if (manifest.format !== standingFormat) return 'it was saved by another version'
  if (manifest.saveId === undefined || manifest.files === undefined || manifest.machines === undefined) {
    return 'its manifest is incomplete'
  }
  const ageDays = (now.getTime() - Date.parse(manifest.savedAt ?? '')) / 86_400_000
  if (!(ageDays >= 0 && ageDays <= longestAgeDays)) return `it is not from the last ${longestAgeDays} days`
  for (const [name, bytes] of Object.entries(manifest.files)) {
    const found = await stat(join(directory, manifest.saveId, name)).catch(() => undefined)
    if (found?.size !== bytes) return `${name} is ${found === undefined ? 'missing' : 'not whole'}`
  }
  for (const machine of manifest.machines) {
    const template = machine.template === undefined ? undefined : await findTemplate(machine.template.key)
    if (machine.template !== undefined && template?.buildId !== machine.template.buildId) {
      return `the template ${machine.node} stands on is gone`
    }
  }
  return undefined
}

export function savedFiles(
  saved: Pick<SavedLab, 'directory'>,
  node: string,
): {
  readonly disk: string
  readonly memory: string
  readonly hostKey: string
} {
  return {
    disk: join(saved.directory, `${node}.qcow2`),
    memory: join(saved.directory, `${node}.memory`),
    hostKey: join(saved.directory, `${node}.host_key`),
  }
}

export const savedClientKey = (saved: Pick<SavedLab, 'directory'>): string =>
  join(saved.directory, 'client_key')

/** A folder to save into; nothing in it counts before `commitSave`. */
export async function beginSave(
  key: string,
): Promise<{ readonly directory: string; readonly saveId: string }> {
  const saveId = randomBytes(6).toString('hex')
  const directory = join(standingDirectory(), key, saveId)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  return { directory, saveId }
}

/** Copies what lies beside memory and disks: the keys, without which nobody gets in again. */
export async function copyKeys(state: LabState, directory: string): Promise<void> {
  await copyFile(clientKeyFile(state.id), savedClientKey({ directory }), constants.COPYFILE_FICLONE)
  for (const [index, { node }] of state.machines.entries()) {
    await copyFile(machineFiles(state, node, index).hostKey, savedFiles({ directory }, node).hostKey)
  }
}

/** Makes a whole save the current one, by writing its manifest last; then removes older ones nobody needs. */
export async function commitSave(
  key: string,
  save: { readonly directory: string; readonly saveId: string },
  machines: readonly LabMachine[],
  notes: unknown,
): Promise<void> {
  const files: Record<string, number> = {}
  for (const name of await readdir(save.directory))
    files[name] = (await stat(join(save.directory, name))).size
  const manifest: Manifest = {
    format: standingFormat,
    saveId: save.saveId,
    savedAt: new Date().toISOString(),
    notes,
    machines,
    files,
  }
  await writeManifest(currentFile(key), manifest, 0o600)
  await removeSaves(key, save.saveId)
}

export async function dropStandingLab(key: string): Promise<void> {
  await rm(currentFile(key), { force: true })
  await removeSaves(key, undefined)
}

/** Removes saves other than the current one, but none that a living or kept lab's disks stand on. */
async function removeSaves(key: string, except: string | undefined): Promise<void> {
  const directory = join(standingDirectory(), key)
  const used = await usedFolders()
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (entry.isDirectory() && entry.name !== except && !used.has(path)) {
      await rm(path, { recursive: true, force: true })
    }
  }
}

async function usedFolders(): Promise<ReadonlySet<string>> {
  const states = await Promise.all((await labIds()).map(readLabState))
  return new Set(
    states.flatMap((state) =>
      state !== undefined && (state.kept || isAlive(state.owner)) ? state.uses : [],
    ),
  )
}
