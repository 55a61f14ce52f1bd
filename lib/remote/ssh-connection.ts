import pLimit from 'p-limit'
import pRetry from 'p-retry'
import type { Client, ClientChannel } from 'ssh2'
import { shakeHands } from './handshake.ts'
import { RemoteError } from './remote-error.ts'
import type { SshEndpoint } from './ssh-endpoint.ts'

/** sshd allows ten sessions a connection (MaxSessions); others may use the same account settings. */
export const channelsPerConnection = 7

const closeGraceMs = 2_000

/** One authenticated connection to a host whose key was verified. */
export class SshConnection {
  readonly host: string
  readonly #client: Client
  /** Resolves when it is closed or lost. */
  readonly closed: Promise<void>
  #lost: RemoteError | undefined
  #disposed = false
  /** At most `channelsPerConnection` channels at once; others wait. */
  readonly limit = pLimit(channelsPerConnection)

  private constructor({ host, route }: SshEndpoint, client: Client) {
    this.host = host
    this.#client = client
    let cause: Error | undefined
    client.on('error', (error: Error) => (cause ??= error))
    this.closed = new Promise((resolve) => {
      client.once('close', () => {
        this.#lost = lostError(host, cause, route !== undefined)
        resolve()
      })
    })
  }

  static async open(endpoint: SshEndpoint): Promise<SshConnection> {
    return new SshConnection(endpoint, await shakeHands(endpoint))
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** Why a channel ended without an exit status. */
  lostError(mayHaveStarted: boolean): RemoteError {
    const code = this.#disposed ? 'REMOTE_CLOSED' : 'SSH_LOST'
    const what = 'the host closed the channel of a command without telling how it ended'
    const base = this.#lost?.detail ?? { what, hint: "see the log of the host's sshd" }
    return new RemoteError({ ...base, code, host: this.host, mayHaveStarted })
  }

  /**
   * Opens a channel and has the command line executed. sshd answers 'open failed' (reason 2) while it still
   * counts sessions that have just ended; the command never started then, so it is asked again.
   *
   * `attach` must add its listeners at once: a short command's exit status and close can arrive in the same
   * packet as the answer to the request, and are gone before any promise has told of the channel.
   */
  async openChannel<T>(commandLine: string, attach: (channel: ClientChannel) => T): Promise<T> {
    return pRetry(() => this.#exec(commandLine, attach), {
      retries: 8,
      minTimeout: 50,
      maxTimeout: 1_000,
      factor: 2,
      shouldRetry: ({ error }) => isSessionLimit(error) && !this.isLost,
    }).catch((error: unknown) => {
      throw error instanceof RemoteError ? error : this.#refused(error)
    })
  }

  /** Ends the connection; resolves when it is closed. */
  async close(): Promise<void> {
    if (this.isLost) return
    this.#disposed = true
    this.#client.end()
    const timer = setTimeout(() => this.#client.destroy(), closeGraceMs)
    // A channel through a jump host that fell silent tells of its end only when the jump host is given up.
    let late: NodeJS.Timeout | undefined
    await Promise.race([
      this.closed,
      new Promise((resolve) => (late = setTimeout(resolve, 2 * closeGraceMs))),
    ])
    clearTimeout(timer)
    clearTimeout(late)
  }

  /** A TCP connection from the host onwards. Rejects with ssh2's error: `reason` 1 prohibited, 2 failed. */
  async forward(address: string, port: number): Promise<ClientChannel> {
    if (this.isLost || this.#disposed) throw this.lostError(false)
    return new Promise((resolve, reject) => {
      this.#client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
        if (error) reject(this.isLost ? this.lostError(false) : error)
        else resolve(channel)
      })
    })
  }

  async #exec<T>(commandLine: string, attach: (channel: ClientChannel) => T): Promise<T> {
    if (this.isLost || this.#disposed) throw this.lostError(false)
    return new Promise((resolve, reject) => {
      this.#client.exec(commandLine, (error, channel) => {
        if (error) reject(error)
        else resolve(attach(channel))
      })
    })
  }

  /** Only a request that was sent and never answered may have been obeyed. */
  #refused(error: unknown): RemoteError {
    const message = error instanceof Error ? error.message : String(error)
    if (message === 'Not connected') return this.lostError(false)
    if (this.isLost) return this.lostError(true)
    return new RemoteError({
      code: 'SSH_LOST',
      host: this.host,
      what: 'the host refused to open another session',
      observed: message,
      hint: 'its sshd may allow few sessions (MaxSessions) or be short of memory or processes',
      cause: error,
    })
  }
}

function isSessionLimit(error: Error): boolean {
  return 'reason' in error && error.reason === 2
}

function lostError(host: string, cause: Error | undefined, byJump: boolean): RemoteError {
  return new RemoteError({
    code: 'SSH_LOST',
    host,
    what: 'the SSH connection was lost',
    observed:
      cause?.message ?? (byJump ? 'the host closed it, or a jump host was lost' : 'the host closed it'),
    cause,
  })
}
