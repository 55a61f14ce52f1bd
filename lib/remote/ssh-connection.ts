import pLimit from 'p-limit'
import pRetry from 'p-retry'
import { Client } from 'ssh2'
import type { ClientChannel, ServerHostKeyAlgorithm } from 'ssh2'
import { RemoteError } from './remote-error.ts'
import type { RemoteErrorDetail } from './remote-error.ts'
import { fingerprint, parseHostKey } from './ssh-target.ts'
import type { HostKey, SshTarget } from './ssh-target.ts'

/** sshd allows ten sessions a connection (MaxSessions); others may use the same account settings. */
export const channelsPerConnection = 5

const defaultKeepaliveMs = 10_000
const keepaliveMisses = 4

/** One authenticated connection to a host whose key was verified. */
export class SshConnection {
  readonly host: string
  readonly #client: Client
  readonly #closed: Promise<void>
  #lost: RemoteError | undefined
  #disposed = false
  /** At most `channelsPerConnection` channels at once; others wait. */
  readonly limit = pLimit(channelsPerConnection)

  private constructor(host: string, client: Client) {
    this.host = host
    this.#client = client
    let cause: Error | undefined
    client.on('error', (error: Error) => (cause ??= error))
    this.#closed = new Promise((resolve) => {
      client.once('close', () => {
        this.#lost = lostError(host, cause)
        resolve()
      })
    })
  }

  static async open(target: SshTarget): Promise<SshConnection> {
    const pinned = parseHostKey(target.hostKey, target.host)
    const client = new Client()
    await ready(client, target, pinned)
    // Without this every request waits for Nagle's algorithm and a delayed acknowledgement: 44 ms instead of 3.
    client.setNoDelay(true)
    return new SshConnection(target.host, client)
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
    const timer = setTimeout(() => this.#client.destroy(), 2_000)
    await this.#closed
    clearTimeout(timer)
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

function ready(client: Client, target: SshTarget, pinned: HostKey): Promise<void> {
  const seen: { key?: Buffer } = {}
  return new Promise((resolve, reject) => {
    const fail = (error?: Error): void => {
      finish()
      client.on('error', () => undefined)
      client.destroy()
      reject(connectError(target, pinned, seen.key, error))
    }
    const aborted = (): void => fail(new Error('aborted'))
    const closed = (): void => fail(new Error('the host closed the connection'))
    const done = (): void => {
      finish()
      resolve()
    }
    const finish = (): void => {
      client.off('ready', done).off('error', fail).off('close', closed)
      target.signal?.removeEventListener('abort', aborted)
    }
    client.on('ready', done).on('error', fail).on('close', closed)
    if (target.signal?.aborted === true) return aborted()
    target.signal?.addEventListener('abort', aborted)
    try {
      client.connect({
        host: target.address,
        port: target.port,
        username: target.username,
        privateKey: target.privateKey,
        readyTimeout: target.connectTimeoutMs,
        keepaliveInterval: target.keepaliveIntervalMs ?? defaultKeepaliveMs,
        keepaliveCountMax: keepaliveMisses,
        algorithms: { serverHostKey: algorithmsOf(pinned) },
        // The callback form: whatever this function returned, a Promise too, would count as a verdict.
        hostVerifier: (key: Buffer, verdict: (valid: boolean) => void): void => {
          seen.key = key
          verdict(key.equals(pinned.blob))
        },
      })
    } catch (error) {
      fail(error as Error)
    }
  })
}

/** Asks for the kind of key that is pinned, or a host with several would show another one. */
function algorithmsOf(pinned: HostKey): ServerHostKeyAlgorithm[] {
  if (pinned.type === 'ssh-rsa') return ['rsa-sha2-512', 'rsa-sha2-256']
  return [pinned.type as ServerHostKeyAlgorithm]
}

function connectError(
  target: SshTarget,
  pinned: HostKey,
  seen: Buffer | undefined,
  error: (Error & { level?: string }) | undefined,
): RemoteError {
  const base = { host: target.host, cause: error }
  const where = `${target.address}:${target.port}`
  const observed = error?.message ?? 'the connection ended'
  if (seen !== undefined && !seen.equals(pinned.blob)) {
    return new RemoteError({
      ...base,
      code: 'SSH_HOST_KEY',
      what: `${where} has another host key than the pinned one`,
      expected: pinned.fingerprint,
      observed: fingerprint(seen),
      hint: 'another machine may answer at this address; if the host was reinstalled, pin its new key',
    })
  }
  if (/no matching host key/i.test(observed)) {
    return new RemoteError({
      ...base,
      code: 'SSH_HOST_KEY',
      what: `${where} does not have the pinned host key`,
      expected: `a ${pinned.type} key, ${pinned.fingerprint}`,
      observed: `it offers no ${pinned.type} key`,
      hint: 'another machine may answer at this address; if the host was reinstalled, pin its new key',
    })
  }
  if (error?.level === 'client-authentication' || /privateKey/.test(observed)) {
    return new RemoteError({
      ...base,
      code: 'SSH_AUTH',
      what: `cannot log in as ${target.username} at ${where}`,
      observed,
      hint: `put the public key into ~${target.username}/.ssh/authorized_keys of the host`,
    })
  }
  return new RemoteError({ ...base, ...unreachable(where, target, observed) })
}

function unreachable(
  where: string,
  target: SshTarget,
  observed: string,
): Pick<RemoteErrorDetail, 'code' | 'what' | 'observed' | 'hint'> & { expected: string } {
  return {
    code: 'SSH_CONNECT',
    what: `no SSH connection to ${where}`,
    expected: `an SSH server within ${target.connectTimeoutMs / 1000} s`,
    observed,
    hint: /ECONNREFUSED/.test(observed)
      ? 'nothing listens there: is the host up and its sshd running?'
      : 'is the host up, its sshd running, and the way to it open?',
  }
}

function lostError(host: string, cause?: Error): RemoteError {
  return new RemoteError({
    code: 'SSH_LOST',
    host,
    what: 'the SSH connection was lost',
    observed: cause?.message ?? 'the host closed it',
    cause,
  })
}
