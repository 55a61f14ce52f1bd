import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { stateDirectory } from '../../setup/directories.ts'
import { readManifest, writeManifest } from '../../setup/manifest.ts'
import { isAlive, ownIdentity } from '../../setup/process-identity.ts'
import type { ProcessIdentity } from '../../setup/process-identity.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Lab, ListedLab, StandingLab } from '../host.ts'
import type { GuestIdentity } from './identity.ts'
import { makeSocketDirectory, socketDirectory } from './socket-directory.ts'

/** Raised whenever the content of lab.json changes its meaning; labs of other versions can only be removed. */
export const labFormat = 1

export type PublicIdentity = Omit<GuestIdentity, 'hostPrivateKey'>

/** One machine of a lab, without its private key, which lies in a file of its own. */
export interface LabMachine {
  readonly node: string
  /** Port of 127.0.0.1 that leads to its sshd. */
  readonly port: number
  readonly identity: PublicIdentity
  /** What its disk stands on in the end; undefined for a machine booted from the image itself. */
  readonly template?: { readonly key: string; readonly buildId: string }
}

/** What lab.json says: enough to reach, save and end a lab from another process. */
export interface LabState {
  readonly format: number
  readonly id: string
  readonly createdAt: string
  readonly kept: boolean
  readonly owner: ProcessIdentity
  /** Folder of the sockets; elsewhere if the lab's own path is too long for a socket's name. */
  readonly sockets: string
  /** Saved files this lab's disks stand on; they must not be removed while it may need them. */
  readonly uses: readonly string[]
  readonly topology: Topology
  readonly machines: readonly LabMachine[]
  readonly startedFrom: Lab['startedFrom']
  readonly facts: Readonly<Record<string, string>>
  readonly standing?: StandingLab
}

export function labsDirectory(): string {
  return join(stateDirectory(), 'labs')
}

export function labDirectory(id: string): string {
  return join(labsDirectory(), id)
}

/** Makes the folder of a new lab and records its owner before anything is started in it. */
export async function createLabDirectory(topology: Topology): Promise<LabState> {
  const id = `${topology.name.slice(0, 24)}-${randomBytes(3).toString('hex')}`
  const directory = labDirectory(id)
  await mkdir(labsDirectory(), { recursive: true, mode: 0o700 })
  await mkdir(directory, { mode: 0o700 })
  const sockets = socketDirectory(join(directory, 's'), randomBytes(6).toString('hex'))
  const state: LabState = {
    format: labFormat,
    id,
    createdAt: new Date().toISOString(),
    kept: false,
    owner: ownIdentity(),
    sockets,
    uses: [],
    topology,
    machines: [],
    startedFrom: 'template',
    facts: {},
  }
  await writeLabState(state)
  await makeSocketDirectory(sockets)
  return state
}

export async function writeLabState(state: LabState): Promise<void> {
  await writeManifest(join(labDirectory(state.id), 'lab.json'), state, 0o600)
}

/** Undefined if the folder holds nothing this version understands. */
export async function readLabState(id: string): Promise<LabState | undefined> {
  const content = (await readManifest(join(labDirectory(id), 'lab.json'))) as Partial<LabState> | undefined
  return content?.format === labFormat && content.id === id ? (content as LabState) : undefined
}

/** Names of all folders of labs, readable or not. */
export async function labIds(): Promise<readonly string[]> {
  const entries = await readdir(labsDirectory(), { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

export function labRecord(
  state: LabState,
  ownerLives: (owner: ProcessIdentity) => boolean = isAlive,
): ListedLab {
  const alive = ownerLives(state.owner)
  return {
    id: state.id,
    topology: state.topology.name,
    createdAt: state.createdAt,
    state: state.kept ? 'kept' : alive ? 'owned' : 'orphaned',
  }
}

export async function listLabs(): Promise<readonly ListedLab[]> {
  const states = await Promise.all((await labIds()).map(readLabState))
  return states.filter((state) => state !== undefined).map((state) => labRecord(state))
}

/** Files of one machine in a lab's folder. */
export function machineFiles(
  state: Pick<LabState, 'id' | 'sockets'>,
  node: string,
  index: number,
): Readonly<Record<'disk' | 'console' | 'emulatorLog' | 'hostKey' | 'qmp' | 'agent', string>> {
  const directory = labDirectory(state.id)
  return {
    disk: join(directory, `${node}.qcow2`),
    console: join(directory, `${node}.console.log`),
    emulatorLog: join(directory, `${node}.qemu.log`),
    hostKey: join(directory, `${node}.host_key`),
    qmp: join(state.sockets, `${index}.qmp`),
    agent: join(state.sockets, `${index}.agent`),
  }
}

export function clientKeyFile(id: string): string {
  return join(labDirectory(id), 'client_key')
}

export function knownHostsFile(id: string): string {
  return join(labDirectory(id), 'known_hosts')
}

export async function removeLabFiles(id: string, sockets: string | undefined): Promise<void> {
  if (sockets !== undefined) await rm(sockets, { recursive: true, force: true })
  await rm(labDirectory(id), { recursive: true, force: true })
}
