import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SwarmproofError } from '../../error.ts'
import { labImage } from '../../loaded-image.ts'
import { step } from '../../progress.ts'
import type { Progress, ProgressStep } from '../../progress.ts'
import { requireDisk, requireMemory } from '../../setup/capacity.ts'
import { cacheDirectory } from '../../setup/directories.ts'
import type { GuestImage } from '../../setup/guest-image.ts'
import { withLock } from '../../setup/lock.ts'
import { contentKey, readManifest, writeManifest } from '../../setup/manifest.ts'
import { probeImageFile } from '../../setup/probe-image-archive.ts'
import { type Script, scriptLines, sh } from '../../script.ts'
import { scriptFile } from '../../script-file.ts'
import { createOverlay } from './disk.ts'
import { endProcessesUsing } from './end-lab.ts'
import { bootedAgent, startEngine } from './guest-boot.ts'
import { guestMacAddress, type MachineShape, processorOf } from './machine-arguments.ts'
import { saveMachine, startMachine } from './machine.ts'
import { makeSocketDirectory, socketDirectory } from './socket-directory.ts'
import type { MachineContext } from './machine.ts'

/** A machine asleep with its engine up: labs are clones of it. Never written to once it is whole. */
export interface Template {
  readonly key: string
  /** Differs between two builds of one template: what stands on the disk of one does not fit the other. */
  readonly buildId: string
  readonly directory: string
  readonly disk: string
  readonly memory: string
}

interface Context extends MachineContext {
  readonly progress: Progress
}

/** Says what a template is made by; part of its key. */
const templateRecipe = 1

export function templatesDirectory(): string {
  return join(cacheDirectory(), 'templates')
}

/** Starts the engine's first container too: the clones then find runc, shim and busybox in their page cache. */
export function guestWarmUpScript({ init }: Pick<GuestImage, 'init'>): Script {
  const log =
    init === 'systemd'
      ? sh`journalctl --unit docker --lines 25 --no-pager`
      : sh`tail -n 25 /var/log/dockerd.log`
  return scriptLines([
    ...(init === 'systemd' ? [untilBooted] : []),
    sh`log() { ${log}; }`,
    scriptFile(import.meta.url, 'warm-up.sh', { image: labImage, image_file: probeImageFile }),
  ])
}

/** With its socket systemd promises an engine that does not run yet. The answer is also given when a unit failed. */
const untilBooted = sh`systemctl is-system-running --wait > /dev/null`

export function templateKey(shape: MachineShape, context: MachineContext): string {
  return contentKey({
    recipe: templateRecipe,
    warmUpScript: guestWarmUpScript(context.image).text,
    shape,
    processor: processorOf(shape.accelerator),
    emulator: context.emulator.version,
    binary: context.emulator.binary,
    image: context.image.buildId,
  })
}

export async function findTemplate(key: string): Promise<Template | undefined> {
  const directory = join(templatesDirectory(), key)
  const buildId = (await readManifest(join(directory, 'manifest.json')))?.['buildId']
  if (typeof buildId !== 'string') return undefined
  const [disk, memory] = [join(directory, 'disk.qcow2'), join(directory, 'memory')]
  return existsSync(disk) && existsSync(memory) ? { key, buildId, directory, disk, memory } : undefined
}

export async function ensureTemplate(shape: MachineShape, context: Context): Promise<Template> {
  const key = templateKey(shape, context)
  const found = await findTemplate(key)
  if (found !== undefined) return found
  const lock = join(templatesDirectory(), `${key}.lock`)
  return withLock(lock, 'building a template machine', context, async () => {
    return (await findTemplate(key)) ?? (await build(key, shape, context))
  })
}

async function build(key: string, shape: MachineShape, context: Context): Promise<Template> {
  await requireDisk(templatesDirectory(), 1024, 'save a template machine')
  await requireMemory(shape.memoryMib + 256, 'boot the template machine')
  const directory = join(templatesDirectory(), key)
  const work = `${directory}.building`
  const sockets = socketDirectory(work, key)
  await endProcessesUsing(work)
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true, mode: 0o700 })
  if (sockets !== work) await makeSocketDirectory(sockets)
  try {
    await step(context.progress, 'Building the template machine', undefined, async (current) => {
      await bootAndSave({ work, sockets }, shape, current, context)
      await endProcessesUsing(work)
      for (const socket of ['qmp', 'agent']) await rm(join(sockets, socket), { force: true })
      await writeManifest(join(work, 'manifest.json'), {
        buildId: randomUUID(),
        builtAt: new Date().toISOString(),
        shape,
        emulator: context.emulator.version,
        image: context.image.key,
      })
      await rm(directory, { recursive: true, force: true })
      // The template's disk names its base, not itself: it may be moved.
      await rename(work, directory)
    })
  } finally {
    await endProcessesUsing(work)
    await rm(sockets, { recursive: true, force: true })
    await rm(work, { recursive: true, force: true })
  }
  const template = await findTemplate(key)
  if (template !== undefined) return template
  throw new SwarmproofError({
    code: 'TEMPLATE_INCOMPLETE',
    what: `the template in ${directory} is incomplete`,
  })
}

async function bootAndSave(
  { work, sockets }: { readonly work: string; readonly sockets: string },
  shape: MachineShape,
  current: ProgressStep,
  context: Context,
): Promise<void> {
  const disk = join(work, 'disk.qcow2')
  await createOverlay(context.emulator, context.image.disk, 'raw', disk, context.signal)
  current.update('booting')
  using machine = await startMachine(
    {
      name: 'template',
      shape,
      disk,
      diskFormat: 'qcow2',
      serialLog: join(work, 'console.log'),
      qmpSocket: join(sockets, 'qmp'),
      agentSocket: join(sockets, 'agent'),
      managementMac: guestMacAddress(0xffff, 0),
      underlays: Array.from({ length: shape.underlayCards }, (_, index) => ({
        mac: guestMacAddress(0xffff, index + 1),
      })),
      incoming: false,
    },
    join(work, 'qemu.log'),
    context,
  )
  using agent = await bootedAgent(machine, context)
  current.update('starting its engine')
  await startEngine(agent, machine, guestWarmUpScript(context.image).text, context.signal)
  current.update('saving')
  const asleep = { qmp: machine.qmp, host: machine.spec.name }
  await saveMachine(asleep, join(work, 'memory'), context.emulator.version, context.signal)
}
