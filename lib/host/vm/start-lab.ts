import { copyFile, rm } from 'node:fs/promises'
import { SwarmproofError } from '../../error.ts'
import { requireDisk, requireMemory } from '../../setup/capacity.ts'
import { stateDirectory } from '../../setup/directories.ts'
import { withLock } from '../../setup/lock.ts'
import { describeImage } from '../../setup/guest-image.ts'
import type { NodeSpec, Topology } from '../../topology/topology.ts'
import type { StartOptions } from '../host.ts'
import { impairmentFact } from '../impair.ts'
import type { Acceleration } from './acceleration.ts'
import { endLab, endProcessesUsing } from './end-lab.ts'
import {
  clientKeyFile,
  createLabDirectory,
  labDirectory,
  machineFiles,
  writeLabState,
} from './lab-directory.ts'
import type { LabMachine, LabState, PublicIdentity } from './lab-directory.ts'
import { connectHosts, writeKnownHosts } from './lab-connections.ts'
import { machineContext, startLabMachine } from './lab-machines.ts'
import type { LabContext, MachineSource } from './lab-machines.ts'
import { planIdentity, shapeOf } from './lab-plan.ts'
import { generateKeyPair } from './ssh-keys.ts'
import {
  dropStandingLab,
  findStanding,
  savedClientKey,
  savedFiles,
  standingKey,
  standingLock,
} from './standing-lab.ts'
import type { SavedLab } from './standing-lab.ts'
import { startSwitch, switchDirectory } from './switch.ts'
import { ensureTemplate } from './template.ts'
import { VmLab } from './vm-lab.ts'

/** What a machine takes beside its guest's memory: QEMU itself, and its cache of translated code. */
const overheadMib = 160

/** Starts a lab the quickest way that is sound: a saved one, else clones of a template. */
export async function startVmLab(
  topology: Topology,
  options: StartOptions,
  acceleration: Acceleration,
  context: LabContext,
): Promise<VmLab> {
  await requireCapacity(topology)
  const empty = await createLabDirectory(topology)
  try {
    const resumed = options.fresh ? undefined : await resumeStanding(empty, options, acceleration, context)
    const started = resumed ?? (await startNew(empty, acceleration, context))
    const state = { ...started, facts: factsOf(started, acceleration, context) }
    await writeLabState(state)
    await writeKnownHosts(state)
    return new VmLab(state, await connectHosts(state, context.signal), { acceleration, context })
  } catch (error) {
    await endLab(empty.id)
    throw error
  }
}

async function requireCapacity(topology: Topology): Promise<void> {
  const count = topology.nodes.length
  const memoryMib = topology.nodes.reduce((sum, node) => sum + node.memoryMib + overheadMib, 0)
  await requireMemory(memoryMib, `start ${count} machines`)
  await requireDisk(stateDirectory(), 256 * count, `start ${count} machines`)
}

/** Undefined if there is no saved lab that fits. One that cannot be resumed is dropped, and the way is clear again. */
async function resumeStanding(
  empty: LabState,
  options: StartOptions,
  acceleration: Acceleration,
  context: LabContext,
): Promise<LabState | undefined> {
  const key = standingKey(empty.topology, options.stackRecipe, acceleration, context)
  const chosen = await withLock(standingLock(key), 'using the same saved lab', context, async () => {
    const saved = await findStanding(key, context.progress)
    if (saved === undefined) return undefined
    const state: LabState = { ...empty, startedFrom: 'standing-lab', uses: [saved.directory] }
    // Written before the lock is given back: from here on nobody removes the files this lab stands on.
    await writeLabState(state)
    return { saved, state }
  })
  if (chosen === undefined) return undefined
  try {
    return await resume(chosen.state, chosen.saved, acceleration, context)
  } catch (error) {
    context.signal.throwIfAborted()
    const reason = error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error)
    context.progress.note(`the saved lab could not be resumed and is rebuilt: ${reason}`)
    await withLock(standingLock(key), 'using the same saved lab', context, () => dropStandingLab(key))
    await clearMachines(chosen.state)
    await writeLabState(empty)
    return undefined
  }
}

async function clearMachines(state: LabState): Promise<void> {
  await endProcessesUsing(labDirectory(state.id))
  await endProcessesUsing(state.sockets)
  for (const [index, { name }] of state.topology.nodes.entries()) {
    const files = machineFiles(state, name, index)
    for (const file of Object.values(files)) await rm(file, { force: true })
  }
  for (const index of state.topology.underlays.keys())
    await rm(switchDirectory(state, index), { recursive: true, force: true })
}

async function resume(
  state: LabState,
  saved: SavedLab,
  acceleration: Acceleration,
  context: LabContext,
): Promise<LabState> {
  await startSwitches(state, context)
  await copyFile(savedClientKey(saved), clientKeyFile(state.id))
  const machines = await startAll(state, context, async (index, node, inner) => {
    const machine = saved.machines.find((candidate) => candidate.node === node.name)
    if (machine === undefined)
      throw new SwarmproofError({ code: 'SNAPSHOT_REFUSED', what: 'not in the saved lab', host: node.name })
    const files = savedFiles(saved, node.name)
    await copyFile(files.hostKey, machineFiles(state, node.name, index).hostKey)
    const source: MachineSource = { kind: 'standing', disk: files.disk, memory: files.memory, saved: machine }
    const shape = shapeOf(node, state.topology, acceleration)
    return startLabMachine(state, index, shape, machine.identity, source, inner)
  })
  return { ...state, machines, standing: { savedAt: saved.savedAt, notes: saved.notes } }
}

async function startNew(state: LabState, acceleration: Acceleration, context: LabContext): Promise<LabState> {
  const cold = process.env['SWARMPROOF_BOOT'] === 'cold'
  const sources: MachineSource[] = []
  // One after the other: machines of one size and engine share a template, and the first builds it.
  for (const node of state.topology.nodes) {
    const shape = shapeOf(node, state.topology, acceleration)
    sources.push(
      cold
        ? { kind: 'image', disk: context.imageOf(node).disk }
        : { kind: 'template', template: await ensureTemplate(shape, machineContext(node, context)) },
    )
  }
  await startSwitches(state, context)
  const identities = await makeKeysAndIdentities(state, context.signal)
  const machines = await startAll(state, context, (index, node, inner) => {
    const [source, identity] = [sources[index], identities[index]]
    if (source === undefined || identity === undefined) throw new RangeError(`no node ${index}`)
    return startLabMachine(state, index, shapeOf(node, state.topology, acceleration), identity, source, inner)
  })
  return { ...state, machines, startedFrom: cold ? 'cold-boot' : 'template' }
}

async function startSwitches(state: LabState, context: LabContext): Promise<void> {
  for (const index of state.topology.underlays.keys())
    await startSwitch(switchDirectory(state, index), context.signal)
}

async function makeKeysAndIdentities(state: LabState, signal: AbortSignal): Promise<PublicIdentity[]> {
  const client = await generateKeyPair(clientKeyFile(state.id), 'swarmproof', signal)
  return Promise.all(
    state.topology.nodes.map(async ({ name }, index) => {
      const host = await generateKeyPair(machineFiles(state, name, index).hostKey, name, signal)
      const keys = { hostPublicKey: host.publicKey, clientPublicKey: client.publicKey }
      return planIdentity(state.topology, index, keys)
    }),
  )
}

/** All machines at once. If one fails the others are told to give up, and none is left starting. */
async function startAll(
  state: LabState,
  context: LabContext,
  start: (index: number, node: Topology['nodes'][number], inner: LabContext) => Promise<LabMachine>,
): Promise<readonly LabMachine[]> {
  const others = new AbortController()
  const inner = { ...context, signal: AbortSignal.any([context.signal, others.signal]) }
  let first: { readonly error: unknown } | undefined
  const results = await Promise.all(
    state.topology.nodes.map(async (node, index) => {
      try {
        return await start(index, node, inner)
      } catch (error) {
        first ??= { error }
        others.abort(error)
        return undefined
      }
    }),
  )
  if (first !== undefined) throw first.error
  return results.filter((machine) => machine !== undefined)
}

function factsOf(
  state: LabState,
  acceleration: Acceleration,
  { emulator, imageOf }: LabContext,
): Readonly<Record<string, string>> {
  const { nodes } = state.topology
  const origin = emulator.origin === 'unpacked' ? ' (unpacked in the cache)' : ''
  const how = acceleration.accelerator === 'kvm' ? 'KVM' : 'emulation (TCG)'
  const sizes = new Set(nodes.map(({ memoryMib, cpus }) => `${memoryMib} MiB, ${cpus} CPU`))
  return {
    emulator: `QEMU ${emulator.version}${origin}`,
    acceleration: `${how}: ${acceleration.reason}`,
    guest: describeGuests(nodes, imageOf),
    machines: `${nodes.length} × ${[...sizes].join(' / ')}`,
    ...impairmentFact(state.topology),
  }
}

/** Of guests that differ it says which nodes have which. */
function describeGuests(nodes: readonly NodeSpec[], imageOf: LabContext['imageOf']): string {
  const namesByGuest = new Map<string, string[]>()
  for (const node of nodes) {
    const guest = describeImage(imageOf(node))
    namesByGuest.set(guest, [...(namesByGuest.get(guest) ?? []), node.name])
  }
  const guests = [...namesByGuest]
  if (guests.length === 1) return guests[0]?.[0] ?? ''
  return guests.map(([guest, names]) => `${guest} (${names.join(', ')})`).join(' / ')
}
