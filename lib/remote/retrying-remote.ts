import pRetry from 'p-retry'
import { noCalls } from './remote-calls.ts'
import { RemoteError } from './remote-error.ts'
import type { Script } from '../script.ts'
import type { ExecOptions, ExecResult, Remote, RemoteProcess, SpawnOptions } from './remote.ts'

export interface RetryOptions {
  /** A connection that stands already; it is used first, and disposed with the whole. */
  readonly connected?: Remote
  /** Attempts in all, the first included; default 4. */
  readonly attempts?: number
  /** Wait before the second attempt; doubles each time. Default 500. */
  readonly firstWaitMs?: number
  readonly longestWaitMs?: number
  /** Ends waiting and further attempts. */
  readonly signal?: AbortSignal
  /** Told of every failure that is retried, for the log. */
  readonly onRetry?: (error: RemoteError, attempt: number) => void
}

/**
 * A Remote that connects when first used and again after its connection was lost. Only transport failures are
 * retried, never a result, a time limit or a refused key. What may run twice is repeated: upload, download, and
 * `exec` with `idempotent`. Any other command is repeated only if it certainly never started.
 */
export function retryingRemote(
  host: string,
  connect: () => Promise<Remote>,
  options: RetryOptions = {},
): Remote {
  return new RetryingRemote(host, connect, options)
}

class RetryingRemote implements Remote {
  readonly host: string
  readonly calls = noCalls()
  readonly #connect: () => Promise<Remote>
  readonly #options: RetryOptions
  /** Shared by all who wait for it. */
  #current: Promise<Remote> | undefined
  #disposed = false

  constructor(host: string, connect: () => Promise<Remote>, options: RetryOptions) {
    this.host = host
    this.#connect = connect
    this.#options = options
    if (options.connected !== undefined) this.#current = Promise.resolve(options.connected)
  }

  exec(command: Script, options?: ExecOptions): Promise<ExecResult> {
    this.calls.commands += 1
    return this.#attempt(options?.idempotent === true, (remote) => remote.exec(command, options))
  }

  spawn(command: Script, options?: SpawnOptions): Promise<RemoteProcess> {
    this.calls.processes += 1
    return this.#attempt(false, (remote) => remote.spawn(command, options))
  }

  upload(content: Uint8Array | string, remotePath: string, mode?: number): Promise<void> {
    this.calls.files += 1
    return this.#attempt(true, (remote) => remote.upload(content, remotePath, mode))
  }

  download(remotePath: string): Promise<Buffer> {
    this.calls.files += 1
    return this.#attempt(true, (remote) => remote.download(remotePath))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    const remote = await this.#current?.catch(() => undefined)
    await remote?.[Symbol.asyncDispose]()
  }

  #attempt<T>(repeatable: boolean, work: (remote: Remote) => Promise<T>): Promise<T> {
    const { attempts = 4, firstWaitMs = 500, longestWaitMs = 5_000, signal, onRetry } = this.#options
    return pRetry(() => this.#once(work), {
      retries: attempts - 1,
      minTimeout: firstWaitMs,
      maxTimeout: longestWaitMs,
      ...(signal === undefined ? {} : { signal }),
      shouldRetry: ({ error }) => !this.#disposed && isWorthRetrying(error, repeatable),
      onFailedAttempt: ({ error, attemptNumber, retriesLeft }) => {
        if (retriesLeft > 0 && isWorthRetrying(error, repeatable)) onRetry?.(error, attemptNumber)
      },
    })
  }

  async #once<T>(work: (remote: Remote) => Promise<T>): Promise<T> {
    if (this.#disposed) {
      throw new RemoteError({ code: 'REMOTE_CLOSED', host: this.host, what: 'the Remote was disposed' })
    }
    const current = (this.#current ??= this.#connect())
    try {
      return await work(await current)
    } catch (error) {
      if (error instanceof RemoteError && error.isTransport) this.#drop(current)
      throw error
    }
  }

  /** Once per lost connection, however many commands it took down. */
  #drop(lost: Promise<Remote>): void {
    if (this.#current !== lost) return
    this.#current = undefined
    lost.then((remote) => remote[Symbol.asyncDispose]()).catch(() => undefined)
  }
}

function isWorthRetrying(error: Error, repeatable: boolean): error is RemoteError {
  return error instanceof RemoteError && error.isTransport && (repeatable || !error.mayHaveStarted)
}
