import type { Readable, Writable } from 'node:stream'
import type { Script } from '../script.ts'
import type { RemoteCalls } from './remote-calls.ts'

/**
 * Runs commands on one host. Five methods; retry is itself a Remote around another.
 * Commands are given to `/bin/sh -c` on the host, as root.
 */
export interface Remote extends AsyncDisposable {
  /** Host name for messages. */
  readonly host: string

  /** Counted as the run goes, where somebody counts. */
  readonly calls?: RemoteCalls

  /**
   * Runs to the end and buffers both outputs as UTF-8; use `spawn` or `download` for binary data. A non-zero
   * exit is a result, not an error; only a broken transport or the time limit throws (RemoteError). On the time
   * limit, and when the connection drops, the command's process group gets SIGINT, then SIGKILL. What a command
   * left in the background on purpose lives on, but must not hold its outputs: `CMD >/dev/null 2>&1 &`.
   */
  exec(command: Script, options?: ExecOptions): Promise<ExecResult>

  /**
   * Starts and streams; binary-safe. The remote process group receives SIGINT, then SIGKILL, when `stop` is
   * called, when the connection drops, or when this process dies, and never outlives its owner.
   * Resolves once the command was handed to the remote shell.
   */
  spawn(command: Script, options?: SpawnOptions): Promise<RemoteProcess>

  /**
   * Writes a file on the host, creating parent directories; `mode` is octal, 0o600 by default. Atomic: readers
   * see the old file or the whole new one.
   */
  upload(content: Uint8Array | string, remotePath: string, mode?: number): Promise<void>

  /** Reads a file of the host; binary-safe. A missing file is a RemoteError with code REMOTE_FILE. */
  download(remotePath: string): Promise<Buffer>
}

export interface ExecOptions {
  /** Default 30 000. */
  readonly timeoutMs?: number
  /** Given on standard input, which is then closed. The command starts only when all of it has arrived. */
  readonly input?: Uint8Array | string
  /**
   * The command may run twice without harm, so a retrying Remote may repeat it after a connection was lost half
   * way. Without it only commands that certainly never started are repeated.
   */
  readonly idempotent?: boolean
}

export interface SpawnOptions {
  /**
   * `lifeline` (default): the process reads nothing; writing to `stdin` fails.
   * `pipe`: what is written to `stdin` reaches the process. Ending `stdin` asks it to end: it sees end of file,
   * and if it then runs on for two seconds, it gets SIGINT, then SIGKILL. `stop` begins the same way.
   */
  readonly stdin?: 'lifeline' | 'pipe'
}

export interface ExecResult {
  readonly stdout: string
  readonly stderr: string
  /** -1 if a signal ended it. */
  readonly exitCode: number
  readonly signal?: string
  readonly durationMs: number
}

export interface RemoteProcess extends AsyncDisposable {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly stdin: Writable
  /** Resolves when the process ended and both outputs were received to their ends; rejects if the connection is lost. */
  readonly exited: Promise<{ readonly exitCode: number; readonly signal?: string }>
  /**
   * Interrupts the process (SIGINT, then SIGKILL) and waits until it ended. Output not yet read stays readable.
   * Idempotent; a lost connection is no error here, for the process then ends by itself.
   */
  stop(): Promise<void>
}
