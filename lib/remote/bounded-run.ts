import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { redact } from '../redact.ts'
import { killGraceMs } from './lifeline.ts'
import { RemoteError, quoteCommand } from './remote-error.ts'
import type { RemoteProcess } from './remote.ts'

export const defaultTimeoutMs = 30_000

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
  /** Written to a process that was started to read exactly this many bytes. */
  readonly input?: Buffer | undefined
}

/**
 * Runs a started process to its end and buffers both outputs.
 * @throws RemoteError `REMOTE_TIMEOUT` after the process was stopped on the time limit; what `exited` rejects with
 */
export async function runBounded(process: EndableProcess, run: BoundedRun): Promise<RawResult> {
  if (run.input !== undefined) process.stdin.write(run.input)
  const [stdout, stderr] = [collect(process.stdout), collect(process.stderr)]
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<'limit'>((resolve) => (timer = setTimeout(resolve, run.timeoutMs, 'limit')))
  const outcome = await Promise.race([process.exited, limit]).finally(() => clearTimeout(timer))
  if (outcome === 'limit') throw await stopped(process, run, [stdout, stderr])
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

interface Collected {
  readonly all: Promise<Buffer>
  sofar(): Buffer
}

function collect(stream: Readable): Collected {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const sofar = (): Buffer => Buffer.concat(chunks)
  const all = finished(stream, { writable: false }).then(sofar)
  all.catch(() => undefined)
  return { all, sofar }
}

function tail(output: Buffer): string {
  return output.subarray(-300).toString('utf8').trim()
}
