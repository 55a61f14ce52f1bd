import type { Readable, Writable } from 'node:stream'

/**
 * Runs commands on one host. Five methods; retry is itself a Remote around another.
 * Commands are given to `/bin/sh -c` on the host, as root.
 */
export interface Remote extends AsyncDisposable {
  /** Host name for messages. */
  readonly host: string

  /**
   * Runs to the end and buffers both outputs. A non-zero exit is a result, not an error; only a broken
   * transport or the time limit throws (RemoteError). The remote process is ended on the time limit.
   */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>

  /**
   * Starts and streams; binary-safe. The remote process receives SIGINT, then SIGKILL, when `stop` is called,
   * when the connection drops, or when this process dies, and never outlives its owner.
   * Resolves once the command was handed to the remote shell.
   */
  spawn(command: string): Promise<RemoteProcess>

  /** Writes a file on the host, creating parent directories; `mode` is octal, 0o600 by default. */
  upload(content: Uint8Array | string, remotePath: string, mode?: number): Promise<void>

  /** Reads a file of the host. */
  download(remotePath: string): Promise<Buffer>
}

export interface ExecOptions {
  /** Default 30 000. */
  readonly timeoutMs?: number
  /** Given on standard input, which is then closed. */
  readonly input?: Uint8Array | string
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
  /** Resolves when the process ended and both outputs were read to their ends. */
  readonly exited: Promise<{ readonly exitCode: number; readonly signal?: string }>
  /** Interrupts the process (SIGINT) and waits for `exited`. Idempotent. */
  stop(): Promise<void>
}
