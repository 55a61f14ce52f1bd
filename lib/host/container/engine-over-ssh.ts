import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InputError, SwarmproofError } from '../../error.ts'
import { sshClient } from '../../remote/open-ssh/connect.ts'
import type { SshClient, SshClientOptions } from '../../remote/open-ssh/connect.ts'
import { parseDestination } from '../../remote/open-ssh/destination.ts'
import type { SshDestination } from '../../remote/open-ssh/destination.ts'
import type { RemoteStreams, StreamEnd } from '../../remote/open-ssh/remote-streams.ts'
import { sh } from '../../script.ts'
import type { Script } from '../../script.ts'

/** An engine on another host, as a UNIX socket of this process. */
export interface EngineOverSsh extends AsyncDisposable {
  /** In a folder of this user alone; it goes when this process ends. */
  readonly socketPath: string
  /** Why there was no answer, where the command on the host said it. */
  explain(error: unknown): SwarmproofError | undefined
}

/** By `ssh://` URL; one login for all who ask. */
const tunnels = new Map<string, Promise<Tunnel>>()

/**
 * Leads to the engine of another host as the docker command does: each connection to the socket is a run of
 * `docker system dial-stdio` there. The host is verified as every other one before a key is shown: our own connections
 * by SSH, not those of the library for the engine's API, which look at no host key.
 * @throws InputError, RemoteError, SwarmproofError
 */
export function engineOverSsh(url: string, options: SshClientOptions = {}): Promise<EngineOverSsh> {
  const known = tunnels.get(url)
  if (known !== undefined) return known
  const tunnel = Tunnel.open(url, options)
  tunnels.set(url, tunnel)
  const forget = (): unknown => tunnels.get(url) === tunnel && tunnels.delete(url)
  tunnel.then((open) => open.closed.then(forget), forget)
  return tunnel
}

class Tunnel implements EngineOverSsh {
  readonly url: string
  readonly socketPath: string
  readonly closed: Promise<void>
  readonly #client: SshClient
  readonly #streams: RemoteStreams
  readonly #server: Server
  readonly #folder: string
  readonly #sockets = new Set<Socket>()
  #last: StreamEnd | Error | undefined

  private constructor(url: string, client: SshClient, streams: RemoteStreams) {
    this.url = url
    this.#client = client
    this.#streams = streams
    this.#folder = mkdtempSync(join(tmpdir(), 'swarmproof-engine-'))
    this.socketPath = join(this.#folder, 'docker.sock')
    this.#server = createServer({ allowHalfOpen: true }, (near) => void this.#accept(near))
    // Whoever waits for an answer keeps the process; the socket itself does not.
    this.#server.unref()
    const remove = (): void => rmSync(this.#folder, { recursive: true, force: true })
    process.once('exit', remove)
    this.closed = new Promise((resolve) =>
      this.#server.once('close', () => {
        process.off('exit', remove)
        remove()
        resolve()
      }),
    )
  }

  static async open(url: string, options: SshClientOptions): Promise<Tunnel> {
    const { destination, command } = readUrl(url)
    const client = sshClient({ ...options, background: true })
    try {
      const tunnel = new Tunnel(url, client, await client.streams(destination, command))
      await new Promise<void>((resolve, reject) => {
        tunnel.#server.once('error', reject).listen(tunnel.socketPath, resolve)
      })
      return tunnel
    } catch (error) {
      await client[Symbol.asyncDispose]()
      throw error
    }
  }

  explain(error: unknown): SwarmproofError | undefined {
    const last = this.#last
    if (last === undefined) return undefined
    if (last instanceof SwarmproofError) return last
    if (!(last instanceof Error) && last.exitCode === 0) return undefined
    return new SwarmproofError({
      code: 'ENGINE_OVER_SSH',
      what: `the engine at ${this.url} cannot be spoken to`,
      expected: '`docker system dial-stdio` on that host, by this login',
      observed:
        last instanceof Error
          ? last.message
          : `it ended with exit code ${last.exitCode ?? 'unknown'}${last.said === '' ? '' : `: ${last.said}`}`,
      hint: 'is docker installed there, and may this login use it (group docker)?',
      cause: error,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await this.closed
    await this.#client[Symbol.asyncDispose]()
  }

  async #accept(near: Socket): Promise<void> {
    this.#sockets.add(near.unref())
    near.on('error', () => undefined).once('close', () => this.#sockets.delete(near))
    try {
      const far = await this.#streams.open((end) => (this.#last = end))
      far.once('close', () => near.destroySoon())
      near.once('close', () => far.destroy())
      near.pipe(far)
      // Ended with the command alone, by when it is known what it said.
      far.pipe(near, { end: false })
    } catch (error) {
      this.#last = error as Error
      near.destroy()
    }
  }
}

/** The URL behind a socket of ours, which testcontainers is told of by DOCKER_HOST. */
export async function urlBehind(url: string): Promise<string | undefined> {
  if (!url.startsWith('unix://')) return undefined
  for (const tunnel of tunnels.values()) {
    const open = await tunnel.catch(() => undefined)
    if (open !== undefined && url === `unix://${open.socketPath}`) return open.url
  }
  return undefined
}

/** `ssh://[user@]host[:port][/path/of/the/engine's/socket]`, as the docker command takes it. */
function readUrl(url: string): { destination: SshDestination; command: Script } {
  const [, place = '', path = ''] = /^(ssh:\/\/[^/]*)(\/.*)?$/.exec(url) ?? []
  if (/^ssh:\/\/[^@]*:[^@]*@/.test(place)) {
    throw new InputError({
      code: 'ENGINE_URL',
      what: 'the URL of an engine over SSH holds a password, which is not supported',
      hint: 'log in with a key; write ssh://user@host',
    })
  }
  const socket = path === '' || path === '/' ? [] : ['--host', `unix://${path}`]
  const destination = { ...parseDestination(place), become: false }
  return { destination, command: sh`docker ${socket} system dial-stdio` }
}
