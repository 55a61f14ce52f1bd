import { accessSync, constants, statSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InputError } from '../../error.ts'
import { step } from '../../progress.ts'
import type { Progress } from '../../progress.ts'
import { cacheDirectory } from '../../setup/directories.ts'
import type { Emulator } from '../../setup/emulator.ts'
import type { GuestImage } from '../../setup/guest-image.ts'
import { withLock } from '../../setup/lock.ts'
import { contentKey, readManifest, writeManifest } from '../../setup/manifest.ts'
import { isAlive } from '../../setup/process-identity.ts'
import { createOverlay } from './disk.ts'
import { endProcessesUsing } from './end-lab.ts'
import { logTail } from './log-tail.ts'
import type { Accelerator } from './machine-arguments.ts'
import { guestMacAddress } from './machine-arguments.ts'
import { startMachine } from './machine.ts'
import type { Machine } from './machine.ts'
import { makeSocketDirectory, socketDirectory } from './socket-directory.ts'

export interface Acceleration {
  readonly accelerator: Accelerator
  /** Why, for the report: `asked for by SWARMPROOF_ACCEL`, `/dev/kvm: a guest did not boot within 15 s`, … */
  readonly reason: string
}

interface Context {
  readonly emulator: Emulator
  readonly image: GuestImage
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** A guest that works boots in two seconds under KVM; one that hangs hangs for ever. */
export const probeLimitMs = 15_000

const device = '/dev/kvm'

/** What was found out before on this machine with this QEMU and kernel, or can be told without a boot. */
export async function knownAcceleration(emulator: Emulator): Promise<Acceleration | undefined> {
  const asked = process.env['SWARMPROOF_ACCEL']
  if (asked !== undefined && asked !== '') return askedFor(asked)
  const absent = whyNoDevice()
  if (absent !== undefined) return { accelerator: 'tcg', reason: absent }
  const answers = await readManifest(answersFile())
  const answer = answers?.[answerKey(emulator)] as Partial<Acceleration> | undefined
  if (answer?.accelerator !== 'kvm' && answer?.accelerator !== 'tcg') return undefined
  return { accelerator: answer.accelerator, reason: answer.reason ?? 'probed before' }
}

/** As `knownAcceleration`, but boots a guest under KVM where nothing is known, and remembers how that went. */
export async function findAcceleration(context: Context, probeAgain = false): Promise<Acceleration> {
  const known = probeAgain ? undefined : await knownAcceleration(context.emulator)
  if (known !== undefined) return known
  const absent = whyNoDevice()
  if (absent !== undefined) return { accelerator: 'tcg', reason: absent }
  const answer = await step(context.progress, 'Trying a guest under KVM', undefined, async (current) => {
    const result = await withLock(`${probeDirectory()}.lock`, 'trying KVM', context, () => probe(context))
    current.update(result.reason)
    return result
  })
  const answers = (await readManifest(answersFile())) ?? {}
  await writeManifest(answersFile(), { ...answers, [answerKey(context.emulator)]: answer })
  if (answer.accelerator === 'tcg') context.progress.note(`no acceleration: ${answer.reason}`)
  return answer
}

/** Where the trial runs; `clean` looks here for what a killed one left. */
export function probeDirectory(): string {
  return join(cacheDirectory(), 'kvm-probe')
}

function answersFile(): string {
  return join(cacheDirectory(), 'acceleration.json')
}

export function askedFor(value: string): Acceleration {
  if (value === 'kvm' || value === 'tcg')
    return { accelerator: value, reason: 'asked for by SWARMPROOF_ACCEL' }
  throw new InputError({
    code: 'UNKNOWN_ACCELERATOR',
    what: `SWARMPROOF_ACCEL is '${value}'`,
    hint: 'valid: kvm, tcg; leave it unset to have it found out',
  })
}

function whyNoDevice(): string | undefined {
  try {
    accessSync(device, constants.R_OK | constants.W_OK)
    return undefined
  } catch (error) {
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES'
    return denied ? `${device} may not be opened by this user` : `no ${device}`
  }
}

/** The device node's numbers change with the machine or container it is in; the kernel and QEMU with upgrades. */
function answerKey(emulator: Emulator): string {
  const { rdev, ino, dev } = statSync(device)
  return contentKey({ version: emulator.version, kernel: release(), device: [rdev, ino, dev] })
}

/** Boots the real kernel and image under KVM. The guest says a word on its console and switches itself off. */
async function probe(context: Context): Promise<Acceleration> {
  const directory = probeDirectory()
  const sockets = socketDirectory(directory, 'kvm-probe')
  await endProcessesUsing(directory)
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if (sockets !== directory) await makeSocketDirectory(sockets)
  const console = join(directory, 'console.log')
  let machine: Machine | undefined
  try {
    const disk = join(directory, 'disk.qcow2')
    await createOverlay(context.emulator, context.image.disk, 'raw', disk, context.signal)
    machine = await startMachine(
      {
        name: 'kvm-probe',
        shape: { accelerator: 'kvm', memoryMib: 512, cpus: 1, underlayCards: 0 },
        disk,
        diskFormat: 'qcow2',
        serialLog: console,
        qmpSocket: join(sockets, 'qmp'),
        agentSocket: join(sockets, 'agent'),
        managementMac: guestMacAddress(0, 0),
        underlays: [],
        incoming: false,
        kernelParameters: 'swarmproof.probe',
      },
      join(directory, 'qemu.log'),
      context,
    )
    return await watch(machine, console, context.signal)
  } catch (error) {
    context.signal.throwIfAborted()
    const reason = error instanceof Error ? error.message.split('\n').slice(0, 3).join(' ') : String(error)
    return { accelerator: 'tcg', reason: `${device}: ${reason}` }
  } finally {
    machine?.[Symbol.dispose]()
    await endProcessesUsing(directory)
    await rm(sockets, { recursive: true, force: true })
    await rm(directory, { recursive: true, force: true })
  }
}

async function watch(machine: Machine, console: string, signal: AbortSignal): Promise<Acceleration> {
  const until = Date.now() + probeLimitMs
  while (Date.now() < until) {
    const lines = await logTail(console)
    if (lines.some((line) => line.includes('SWARMPROOF-PROBE-OK'))) {
      return { accelerator: 'kvm', reason: 'a guest booted under KVM' }
    }
    if (!isAlive(machine.process)) {
      const said = (await logTail(machine.emulatorLog)).slice(-2).join(' | ')
      return { accelerator: 'tcg', reason: `${device}: QEMU ended: ${said}` }
    }
    await sleep(100, undefined, { signal })
  }
  return {
    accelerator: 'tcg',
    reason: `${device} is there, but a guest did not boot under it within ${probeLimitMs / 1000} s`,
  }
}
