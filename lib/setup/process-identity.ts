import { randomUUID } from 'node:crypto'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { showLife, showsLife } from './life-sign.ts'

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Ticks since boot at which it started, and the boot it belongs to. */
  readonly started: string
  /** The PID namespace in which it has this number; not given for processes that are only looked at from it. */
  readonly namespace?: string
  /** Its sign of life, for whoever is in another namespace; see `showLife`. */
  readonly sign?: string
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  const started = startOf(pid)
  return started === undefined ? undefined : { pid, started }
}

let own: ProcessIdentity | undefined

export function ownIdentity(): ProcessIdentity {
  own ??= identify()
  return own
}

function identify(): ProcessIdentity {
  const identity = identityOf(process.pid) ?? { pid: process.pid, started: 'unknown' }
  const namespace = pidNamespace()
  const sign = randomUUID()
  return {
    ...identity,
    ...(namespace === undefined ? {} : { namespace }),
    ...(showLife(sign) ? { sign } : {}),
  }
}

/**
 * Whether the very process recorded still runs. The only judge of that: of locks as of labs. In another PID namespace
 * of this machine its number says nothing: there its sign of life decides, and where that cannot be seen from here it
 * counts as alive, for to take what is in use is worse than to leave something behind.
 */
export function isAlive(identity: ProcessIdentity): boolean {
  const { pid, started, namespace, sign } = identity
  if (namespace === undefined || namespace === pidNamespace()) return startOf(pid) === started
  const shown = sign === undefined ? undefined : showsLife(sign)
  return shown ?? isOfThisBoot(started)
}

function pidNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return undefined
  }
}

function isOfThisBoot(started: string): boolean {
  try {
    return started.startsWith(`${bootId()}:`)
  } catch {
    return false
  }
}

function startOf(pid: number): string | undefined {
  try {
    return startFromStat(readFileSync(`/proc/${pid}/stat`, 'utf8'), bootId())
  } catch {
    return undefined
  }
}

/** Reads field 22 of /proc/PID/stat. A zombie has ended, whatever the table of processes still says. */
export function startFromStat(stat: string, boot: string): string | undefined {
  // The command's name is in brackets and may itself hold brackets and blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, started] = [fields[0], fields[19]]
  return started === undefined || state === 'Z' || state === 'X' ? undefined : `${boot}:${started}`
}

let knownBootId: string | undefined

function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return knownBootId
}

/** Processes one of whose arguments lies in the folder (or is it): the machines and switches of one lab. */
export function processesUsing(directory: string): ProcessIdentity[] {
  const found: ProcessIdentity[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const identity = commandLineNames(pid, directory) ? identityOf(pid) : undefined
    if (identity !== undefined) found.push(identity)
  }
  return found
}

function commandLineNames(pid: number, directory: string): boolean {
  try {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return isLabCommand(commandLine, directory)
  } catch {
    return false
  }
}

const labPrograms = /^(qemu-system-[a-z0-9_]+|vde_switch|qemu-img)$/

/** An editor or a `tail` that has a lab's file open is not ours to end: only what a lab is made of counts. */
export function isLabCommand(commandLine: string, directory: string): boolean {
  const [program = '', ...args] = commandLine.split('\0')
  if (!labPrograms.test(program.split('/').at(-1) ?? '')) return false
  return args.some((argument) => argument.includes(`${directory}/`) || argument.endsWith(directory))
}
