import { readFile, rm } from 'node:fs/promises'
import { SwarmproofError } from '../../error.ts'
import { step } from '../../progress.ts'
import type { Progress } from '../../progress.ts'
import type { GuestImage } from '../../setup/guest-image.ts'
import type { NodeSpec } from '../../topology/topology.ts'
import { createOverlay } from './disk.ts'
import { freePort } from './free-port.ts'
import { GuestAgent } from './guest-agent.ts'
import { bootedAgent, runInGuest, startEngine } from './guest-boot.ts'
import { setClock, wakeGuest } from './guest-clock.ts'
import { identityScript } from './identity.ts'
import { machineFiles } from './lab-directory.ts'
import type { LabMachine, LabState, PublicIdentity } from './lab-directory.ts'
import { guestMacAddress } from './machine-arguments.ts'
import type { MachineShape, MachineSpec } from './machine-arguments.ts'
import { resumeMachine, startMachine } from './machine.ts'
import type { Machine, MachineContext } from './machine.ts'
import { switchDirectory } from './switch.ts'
import { guestWarmUpScript } from './template.ts'
import type { Template } from './template.ts'

/** Where a machine of a lab comes from. */
export type MachineSource =
  | { readonly kind: 'image'; readonly disk: string }
  | { readonly kind: 'template'; readonly template: Template }
  | { readonly kind: 'standing'; readonly disk: string; readonly memory: string; readonly saved: LabMachine }

export interface LabContext extends Omit<MachineContext, 'image'> {
  readonly progress: Progress
  /** Machines of one lab may have different engines. */
  readonly imageOf: (node: NodeSpec) => GuestImage
}

/** What starting this machine takes. */
export function machineContext(node: NodeSpec, context: LabContext): MachineContext & LabContext {
  return { ...context, image: context.imageOf(node) }
}

const identityLimitMs = 60_000

/** Starts one machine and makes it the node it is to be. Its sshd listens when this resolves. */
export async function startLabMachine(
  state: LabState,
  index: number,
  shape: MachineShape,
  identity: PublicIdentity,
  source: MachineSource,
  lab: LabContext,
): Promise<LabMachine> {
  const spec = state.topology.nodes[index]
  if (spec === undefined) throw new RangeError(`no node ${index}`)
  const context = machineContext(spec, lab)
  const node = spec.name
  const words = { image: 'Booting', template: 'Cloning', standing: 'Resuming' } as const
  return step(lab.progress, words[source.kind], node, async () => {
    const { machine, port } = await launch(state, index, shape, source, context)
    try {
      await wake(machine, identity, machineFiles(state, node, index).hostKey, source, context)
    } finally {
      machine[Symbol.dispose]()
    }
    return {
      node,
      port,
      identity,
      ...(source.kind === 'template'
        ? { template: { key: source.template.key, buildId: source.template.buildId } }
        : source.kind === 'standing' && source.saved.template !== undefined
          ? { template: source.saved.template }
          : {}),
    }
  })
}

/** Between choosing a free port and QEMU taking it somebody else may: then another is tried. */
const portTries = 4

async function launch(
  state: LabState,
  index: number,
  shape: MachineShape,
  source: MachineSource,
  context: MachineContext,
): Promise<{ readonly machine: Machine; readonly port: number }> {
  const node = state.topology.nodes[index]?.name ?? ''
  const files = machineFiles(state, node, index)
  const base = source.kind === 'template' ? source.template.disk : source.disk
  await createOverlay(
    context.emulator,
    base,
    source.kind === 'image' ? 'raw' : 'qcow2',
    files.disk,
    context.signal,
  )
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const spec: MachineSpec = {
      name: node,
      shape,
      disk: files.disk,
      diskFormat: 'qcow2',
      serialLog: files.console,
      qmpSocket: files.qmp,
      agentSocket: files.agent,
      managementPort: port,
      managementMac: guestMacAddress(index + 1, 0),
      underlays: state.topology.underlays.map((_, underlay) => ({
        mac: guestMacAddress(index + 1, underlay + 1),
        switchDirectory: switchDirectory(state, underlay),
      })),
      incoming: source.kind !== 'image',
    }
    try {
      return { machine: await startMachine(spec, files.emulatorLog, context), port }
    } catch (error) {
      const taken = error instanceof SwarmproofError && error.code === 'PORT_TAKEN'
      if (!taken || attempt === portTries) throw error
      await rm(files.emulatorLog, { force: true })
    }
  }
}

async function wake(
  machine: Machine,
  identity: PublicIdentity,
  hostKeyFile: string,
  source: MachineSource,
  context: MachineContext,
): Promise<void> {
  const limits = { timeoutMs: identityLimitMs, signal: context.signal }
  if (source.kind === 'image') {
    using agent = await bootedAgent(machine, context)
    await giveIdentity(agent, machine, identity, hostKeyFile, limits)
    await startEngine(agent, machine, guestWarmUpScript(context.image).text, context.signal)
    return
  }
  using agent = await GuestAgent.connect(machine.spec.agentSocket, machine.spec.name)
  const memory = source.kind === 'template' ? source.template.memory : source.memory
  await resumeMachine(machine, memory, context)
  if (source.kind === 'template') await giveIdentity(agent, machine, identity, hostKeyFile, limits)
  else await wakeGuest(agent, limits)
}

async function giveIdentity(
  agent: GuestAgent,
  machine: Machine,
  identity: PublicIdentity,
  hostKeyFile: string,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const hostPrivateKey = await readFile(hostKeyFile, 'utf8')
  const script = identityScript({ ...identity, hostPrivateKey }, new Date())
  await runInGuest(agent, machine, 'giving the machine its identity', script, limits)
  await setClock(agent, limits)
}
