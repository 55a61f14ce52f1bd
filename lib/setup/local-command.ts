import { execa } from 'execa'
import { SwarmproofError } from '../error.ts'
import { redact } from '../redact.ts'

export interface LocalOptions {
  /** Default 60 000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
  readonly input?: string
  /** Called with every line either output prints. */
  readonly onLine?: (line: string) => void
}

export interface LocalResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Both outputs in the order they were written. */
  readonly output: string
}

/** Runs a command of this machine to its end. A non-zero exit is a result; a missing command has exit code 127. */
export async function tryLocal(
  command: string,
  args: readonly string[],
  options: LocalOptions = {},
): Promise<LocalResult> {
  const child = execa(command, [...args], {
    reject: false,
    all: true,
    stdin: options.input === undefined ? 'ignore' : 'pipe',
    timeout: options.timeoutMs ?? 60_000,
    env: { LC_ALL: 'C', ...options.environment },
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  })
  if (options.onLine !== undefined) void readLines(child.iterable({ from: 'all' }), options.onLine)
  const result = await child
  options.signal?.throwIfAborted()
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const note = result.timedOut ? `\n(ended after ${options.timeoutMs ?? 60_000} ms)` : ''
  return {
    exitCode: result.exitCode ?? (result.code === 'ENOENT' ? 127 : -1),
    stdout: text(result.stdout),
    stderr: text(result.stderr) + note,
    output: text(result.all) + note,
  }
}

async function readLines(lines: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of lines) onLine(String(line))
  } catch {
    // The command's own result says what went wrong.
  }
}

/** As `tryLocal`, but a non-zero exit is an error that carries the last lines of the output. */
export async function runLocal(
  command: string,
  args: readonly string[],
  options: LocalOptions & { readonly what: string; readonly hint?: string } = { what: '' },
): Promise<LocalResult> {
  const result = await tryLocal(command, args, options)
  if (result.exitCode === 0) return result
  const log = redact(result.output).trimEnd().split('\n').slice(-30)
  throw new SwarmproofError({
    code: 'COMMAND_FAILED',
    what: `${options.what || command} failed`,
    expected: `${command} to exit with 0`,
    observed: `exit code ${result.exitCode}: ${log.slice(-3).join(' | ')}`,
    log,
    logSource: command,
    ...(options.hint === undefined ? {} : { hint: options.hint }),
  })
}
