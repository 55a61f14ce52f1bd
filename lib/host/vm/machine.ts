import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { SwarmproofError } from '../../error.ts'
import { canMigrateToFile } from '../../setup/emulator.ts'
import type { Emulator } from '../../setup/emulator.ts'
import type { GuestImage } from '../../setup/guest-image.ts'
import { identityOf, isAlive } from '../../setup/process-identity.ts'
import type { ProcessIdentity } from '../../setup/process-identity.ts'
import { logTail } from './log-tail.ts'
import { machineArguments } from './machine-arguments.ts'
import type { MachineSpec } from './machine-arguments.ts'
import { QmpClient } from './qmp.ts'

export interface MachineContext {
  readonly emulator: Emulator
  readonly image: GuestImage
  readonly signal: AbortSignal
}

/** A QEMU process with its control socket open. It outlives this process unless it is ended. */
export interface Machine extends Disposable {
  readonly spec: MachineSpec
  readonly process: ProcessIdentity
  readonly qmp: QmpClient
  readonly emulatorLog: string
}

const controlTimeoutMs = 30_000

/** Starts QEMU and waits until it takes commands. A QEMU that ends at once is an error with what it said. */
export async function startMachine(
  spec: MachineSpec,
  emulatorLog: string,
  context: MachineContext,
): Promise<Machine> {
  // A left-over socket would be taken for the new machine's.
  await rm(spec.qmpSocket, { force: true })
  await rm(spec.agentSocket, { force: true })
  const pid = launch(machineArguments(spec, context.emulator, context.image), emulatorLog, context.emulator)
  const identity = pid === undefined ? undefined : identityOf(pid)
  if (identity === undefined) throw await died(spec.name, emulatorLog)
  try {
    const qmp = await QmpClient.connect(spec.qmpSocket, spec.name, {
      timeoutMs: controlTimeoutMs,
      signal: context.signal,
      isAlive: () => isAlive(identity),
    })
    return { spec, process: identity, qmp, emulatorLog, [Symbol.dispose]: () => qmp[Symbol.dispose]() }
  } catch (error) {
    if (!isAlive(identity) && !context.signal.aborted) throw await died(spec.name, emulatorLog, error)
    throw error
  }
}

function launch(args: readonly string[], log: string, emulator: Emulator): number | undefined {
  const output = openSync(log, 'a', 0o600)
  try {
    const child = spawn(emulator.binary, [...args], {
      // A process group of its own: Ctrl-C in a terminal must not take the machines before they are saved or ended.
      detached: true,
      stdio: ['ignore', output, output],
      env: machineEnvironment({ ...process.env, ...emulator.environment }),
    })
    child.on('error', () => undefined)
    child.unref()
    return child.pid
  } finally {
    closeSync(output)
  }
}

/**
 * QEMU finds each next block of translated code in a table of tens of megabytes that malloc gives. In pages of 4 KiB the
 * processor knows few of their addresses at a time; asked for, the kernel gives huge ones, which saves up to a quarter
 * of what an emulated machine costs (docs/decisions/0026). Only glibc 2.35 and later knows the word, others pass over
 * it; what the user says of it stands.
 */
export function machineEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const name = 'glibc.malloc.hugetlb'
  const tunables = (environment['GLIBC_TUNABLES'] ?? '').split(':').filter((word) => word !== '')
  if (tunables.some((word) => word.startsWith(`${name}=`))) return environment
  return { ...environment, GLIBC_TUNABLES: [...tunables, `${name}=1`].join(':') }
}

/** Loads a snapshot into a machine started with `incoming` and lets it run. */
export async function resumeMachine(
  machine: Machine,
  memoryFile: string,
  context: MachineContext,
): Promise<void> {
  await execute(machine, 'migrate-incoming', { uri: readUri(memoryFile, context.emulator.version) })
  await untilStatus(machine, 'paused', 60_000, context.signal)
  await machine.qmp.execute('cont')
}

/** Stops a machine and writes its memory to a file; its disk is whole and unlocked until it continues. */
export async function saveMachine(
  machine: { readonly qmp: QmpClient; readonly host: string },
  memoryFile: string,
  version: string,
  signal: AbortSignal,
): Promise<void> {
  await machine.qmp.execute('stop')
  await machine.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 })
  await machine.qmp.execute('migrate', { uri: writeUri(memoryFile, version) })
  const until = Date.now() + 120_000
  for (;;) {
    const state = (await machine.qmp.execute('query-migrate')) as { status?: string; 'error-desc'?: string }
    if (state.status === 'completed') return
    if (state.status === 'failed' || state.status === 'cancelled' || Date.now() > until) {
      throw new SwarmproofError({
        code: 'SNAPSHOT_FAILED',
        what: 'QEMU could not save the machine',
        host: machine.host,
        observed: state['error-desc'] ?? `migration is '${state.status ?? 'unknown'}'`,
        hint: 'look for room on the disk of the cache folder',
      })
    }
    await sleep(20, undefined, { signal })
  }
}

async function untilStatus(
  machine: Machine,
  wanted: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const until = Date.now() + timeoutMs
  for (;;) {
    const { status } = (await execute(machine, 'query-status')) as { status?: string }
    if (status === wanted) return
    if (Date.now() > until) {
      throw new SwarmproofError({
        code: 'SNAPSHOT_REFUSED',
        what: 'QEMU did not finish loading the snapshot',
        host: machine.spec.name,
        expected: `state '${wanted}' within ${timeoutMs / 1000} s`,
        observed: `'${status ?? 'unknown'}'`,
        log: await logTail(machine.emulatorLog),
        logSource: `QEMU of ${machine.spec.name}`,
      })
    }
    await sleep(20, undefined, { signal })
  }
}

async function execute(
  machine: Machine,
  command: string,
  parameters?: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  try {
    return await machine.qmp.execute(command, parameters)
  } catch (error) {
    if (!isAlive(machine.process)) throw await died(machine.spec.name, machine.emulatorLog, error)
    throw error
  }
}

/** Single quotes keep the helper's shell from reading anything into a path. */
const quoted = (path: string): string => `'${path.replaceAll("'", String.raw`'\''`)}'`

export function readUri(file: string, version: string): string {
  return canMigrateToFile(version) ? `file:${file}` : `exec:cat ${quoted(file)}`
}

export function writeUri(file: string, version: string): string {
  return canMigrateToFile(version) ? `file:${file}` : `exec:cat > ${quoted(file)}`
}

export async function died(host: string, emulatorLog: string, cause?: unknown): Promise<SwarmproofError> {
  const log = await logTail(emulatorLog)
  const said = log.slice(-3).join(' | ')
  return new SwarmproofError({
    code: /host forwarding|Address already in use/i.test(said) ? 'PORT_TAKEN' : 'QEMU_DIED',
    what: 'QEMU ended',
    host,
    expected: 'a running machine',
    observed: said === '' ? 'it said nothing' : said,
    log,
    logSource: `QEMU of ${host}`,
    ...(cause === undefined ? {} : { cause }),
  })
}
