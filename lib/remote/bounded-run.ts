import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { redact } from '../redact.ts'
import { killGraceMs } from './lifeline.ts'
import { RemoteError, quoteCommand } from './remote-error.ts'
import type { RemoteProcess } from './remote.ts'

export const defaultCommandTimeoutMs = 30_000

/** Of both outputs of one command together, and of one file: more is not kept, and ends the command. */
export const defaultMaxOutputBytes = 64 * 1024 * 1024

export interface RawResult {
  readonly stdout: Buffer
  readonly stderr: Buffer
  readonly exitCode: number
  readonly signal?: string
}

export interface EndableProcess extends RemoteProcess {
  /** The command ended; what it started may still hold its outputs open. */
  readonly hasExited: boolean
}

export interface BoundedRun {
  readonly host: string
  readonly command: string
  readonly timeoutMs: number
  /** Default 64 MiB. */
  readonly maxOutputBytes?: number
  /** Written to a process that was started to read exactly this many bytes. */
  readonly input?: Buffer | undefined
}

/**
 * Runs a started process to its end and buffers both outputs.
 * @throws RemoteError `REMOTE_TIMEOUT` after the process was stopped on the time limit, `REMOTE_OUTPUT` after it was
 * stopped because it printed too much; what `exited` rejects with
 */
export async function runBounded(process: EndableProcess, run: BoundedRun): Promise<RawResult> {
  if (run.input !== undefined) process.stdin.write(run.input)
  let tellFull: () => void = () => undefined
  const full = new Promise<'full'>((resolve) => (tellFull = () => resolve('full')))
  const room = new Room(run.maxOutputBytes ?? defaultMaxOutputBytes, tellFull)
  const [stdout, stderr] = [collect(process.stdout, room), collect(process.stderr, room)]
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<'limit'>((resolve) => (timer = setTimeout(resolve, run.timeoutMs, 'limit')))
  const outcome = await Promise.race([process.exited, limit, full]).finally(() => clearTimeout(timer))
  if (outcome === 'limit') throw await stopped(process, run, [stdout, stderr])
  if (outcome === 'full' || room.isExceeded) throw await tooMuch(process, run, room)
  return { stdout: await stdout.all, stderr: await stderr.all, ...outcome }
}

async function stopped(
  process: EndableProcess,
  { host, command, timeoutMs }: BoundedRun,
  outputs: readonly Collected[],
): Promise<RemoteError> {
  const background = process.hasExited
  const ended = await process.stop().then(
    () => true,
    () => false,
  )
  const last = redact(
    outputs
      .map((output) => tail(output.sofar()))
      .filter(Boolean)
      .join(' | '),
  )
  return new RemoteError({
    code: 'REMOTE_TIMEOUT',
    host,
    what: background
      ? `a command ended but something it left behind held its outputs open for ${timeoutMs / 1000} s: ${quoteCommand(command)}`
      : `a command exceeded its time limit of ${timeoutMs / 1000} s: ${quoteCommand(command)}`,
    observed: last === '' ? 'no output' : `last output: ${last}`,
    hint: background
      ? 'redirect the outputs of what runs on in the background: CMD >/dev/null 2>&1 &'
      : ended
        ? 'its processes were ended; a slow host may need a higher limit'
        : `its processes could not be confirmed ended within ${killGraceMs / 1000} s; the host may hang`,
    mayHaveStarted: true,
  })
}

async function tooMuch(
  process: EndableProcess,
  { host, command }: BoundedRun,
  { maxBytes }: Room,
): Promise<RemoteError> {
  // What still comes in while it is being ended is thrown away.
  process.stdout.destroy()
  process.stderr.destroy()
  const ended = await process.stop().then(
    () => true,
    () => false,
  )
  return new RemoteError({
    code: 'REMOTE_OUTPUT',
    host,
    what: `a command printed too much: ${quoteCommand(command)}`,
    expected: `at most ${maxBytes} bytes on both outputs together`,
    observed: `more; the command was stopped${ended ? '' : ', but its end could not be confirmed'}`,
    hint: 'no command of swarmproof prints that much on a sound host: look at what this one prints there',
    mayHaveStarted: true,
  })
}

/** What two outputs may hold together. */
class Room {
  readonly maxBytes: number
  isExceeded = false
  #leftBytes: number
  readonly #onFull: () => void

  constructor(maxBytes: number, onFull: () => void) {
    this.maxBytes = maxBytes
    this.#leftBytes = maxBytes
    this.#onFull = onFull
  }

  /** False once there is none left. */
  take({ length }: Buffer): boolean {
    this.#leftBytes -= length
    if (this.#leftBytes >= 0) return true
    this.isExceeded = true
    this.#onFull()
    return false
  }
}

interface Collected {
  readonly all: Promise<Buffer>
  sofar(): Buffer
}

function collect(stream: Readable, room: Room): Collected {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => {
    if (room.take(chunk)) chunks.push(chunk)
    else stream.pause()
  })
  const sofar = (): Buffer => Buffer.concat(chunks)
  const all = finished(stream, { writable: false }).then(sofar)
  all.catch(() => undefined)
  return { all, sofar }
}

function tail(output: Buffer): string {
  return output.subarray(-300).toString('utf8').trim()
}
