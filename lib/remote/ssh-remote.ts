import { findRootMethod } from './root-method.ts'
import { defaultCommandTimeoutMs, runBounded } from './bounded-run.ts'
import type { RawResult } from './bounded-run.ts'
import { commandLine } from './command-line.ts'
import { downloadCommand, fileError, transferTimeoutMs, uploadCommand } from './file-commands.ts'
import type { RootMethod } from './lifeline.ts'
import { RemoteError } from './remote-error.ts'
import type { ExecOptions, ExecResult, Remote, RemoteProcess, SpawnOptions } from './remote.ts'
import type { Script } from '../script.ts'
import { SshConnection, channelsPerConnection } from './ssh-connection.ts'
import { SshProcess } from './ssh-process.ts'
import type { SshEndpoint } from './ssh-endpoint.ts'
import { pinnedEndpoint } from './ssh-target.ts'
import type { SshTarget } from './ssh-target.ts'

export type { SshTarget } from './ssh-target.ts'

/** Processes that stream hold a channel for long; the first connection keeps some for commands. */
const streamsOnFirstConnection = 5
const maxConnections = 5

/** Connects, verifies the host's key, logs in. Throws RemoteError SSH_CONNECT, SSH_HOST_KEY or SSH_AUTH. */
export async function connectSsh(target: SshTarget): Promise<Remote> {
  return connectEndpoint(pinnedEndpoint(target))
}

/**
 * Connects any way an endpoint describes. Throws RemoteError SSH_CONNECT, SSH_HOST_KEY, SSH_AUTH, or SSH_SUDO if it is
 * to become root and may not.
 */
export async function connectEndpoint(endpoint: SshEndpoint): Promise<Remote> {
  const connection = await SshConnection.open(endpoint)
  const remote = new SshRemote(endpoint, connection, 'login')
  if (endpoint.become !== true) return remote
  try {
    const rootMethod = await findRootMethod(remote, endpoint.username)
    return rootMethod === 'login' ? remote : new SshRemote(endpoint, connection, rootMethod)
  } catch (error) {
    await connection.close()
    throw error
  }
}

interface Streams {
  readonly connection: Promise<SshConnection>
  readonly capacity: number
  inUse: number
}

class SshRemote implements Remote {
  readonly host: string
  readonly #endpoint: SshEndpoint
  readonly #rootMethod: RootMethod
  readonly #first: SshConnection
  readonly #streams: Streams[]
  readonly #processes = new Set<SshProcess>()
  #disposed: Promise<void> | undefined

  constructor(endpoint: SshEndpoint, first: SshConnection, rootMethod: RootMethod) {
    this.host = endpoint.host
    this.#endpoint = endpoint
    this.#rootMethod = rootMethod
    this.#first = first
    this.#streams = [{ connection: Promise.resolve(first), capacity: streamsOnFirstConnection, inUse: 0 }]
  }

  async exec(script: Script, options: ExecOptions = {}): Promise<ExecResult> {
    const command = script.text
    const input = options.input === undefined ? undefined : Buffer.from(options.input)
    const startedAt = performance.now()
    const result = await this.#run(command, options.timeoutMs ?? defaultCommandTimeoutMs, input)
    return {
      ...result,
      stdout: result.stdout.toString('utf8'),
      stderr: result.stderr.toString('utf8'),
      durationMs: performance.now() - startedAt,
    }
  }

  async spawn(script: Script, options: SpawnOptions = {}): Promise<RemoteProcess> {
    const command = script.text
    const stdin = options.stdin ?? 'lifeline'
    const line = commandLine(this.host, command, stdin === 'pipe' ? 'pipe' : 'none', this.#rootMethod)
    const streams = this.#reserveStream()
    try {
      const connection = await streams.connection
      return await new Promise<RemoteProcess>((resolve, reject) => {
        // Holds one of the connection's channels until the process has ended.
        void connection.limit(async () => {
          const process = await this.#start(connection, line, command, stdin).catch(reject)
          if (process !== undefined) resolve(process)
          await process?.exited.catch(() => undefined)
          streams.inUse -= 1
        })
      })
    } catch (error) {
      if (this.#streams.includes(streams) && (await isLost(streams))) this.#dropStreams(streams)
      throw error
    }
  }

  async upload(content: Uint8Array | string, remotePath: string, mode = 0o600): Promise<void> {
    const result = await this.#run(
      uploadCommand(remotePath, mode).text,
      transferTimeoutMs,
      Buffer.from(content),
    )
    if (result.exitCode !== 0) throw fileError(this.host, `cannot write ${remotePath}`, result)
  }

  async download(remotePath: string): Promise<Buffer> {
    const result = await this.#run(downloadCommand(remotePath).text, transferTimeoutMs)
    if (result.exitCode !== 0) throw fileError(this.host, `cannot read ${remotePath}`, result)
    return result.stdout
  }

  /** Ends every process of this Remote on the host, then its connections. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose()
    return this.#disposed
  }

  async #dispose(): Promise<void> {
    await Promise.allSettled([...this.#processes].map((process) => process.stop()))
    const connections = await Promise.allSettled(this.#streams.map((streams) => streams.connection))
    await Promise.all(
      connections.map(async (one) => (one.status === 'fulfilled' ? one.value.close() : undefined)),
    )
  }

  async #run(command: string, timeoutMs: number, given?: Buffer): Promise<RawResult> {
    const input = given === undefined || given.length === 0 ? undefined : given
    const line = commandLine(
      this.host,
      command,
      input === undefined ? 'none' : { bytes: input.length },
      this.#rootMethod,
    )
    return this.#first.limit(async () => {
      const stdin = input === undefined ? 'lifeline' : 'pipe'
      const process = await this.#start(this.#first, line, command, stdin)
      const result = await runBounded(process, { host: this.host, command, timeoutMs, input })
      if (this.#disposed !== undefined) throw this.#closedError(true)
      return result
    })
  }

  async #start(
    connection: SshConnection,
    line: string,
    command: string,
    stdin: 'lifeline' | 'pipe',
  ): Promise<SshProcess> {
    if (this.#disposed !== undefined) throw this.#closedError()
    const process = await connection.openChannel(
      line,
      (channel) => new SshProcess(connection, channel, command, stdin),
    )
    this.#processes.add(process)
    const forget = (): boolean => this.#processes.delete(process)
    process.exited.then(forget, forget)
    if (this.#disposed !== undefined) await process.stop()
    return process
  }

  #reserveStream(): Streams {
    let streams = this.#streams.find((one) => one.inUse < one.capacity)
    if (streams === undefined) {
      if (this.#streams.length >= maxConnections) throw this.#busyError()
      const connection = SshConnection.open(this.#endpoint)
      connection.catch(() => undefined)
      streams = { connection, capacity: channelsPerConnection, inUse: 0 }
      this.#streams.push(streams)
    }
    streams.inUse += 1
    return streams
  }

  /** A further connection that was lost is forgotten; with the first one the whole Remote is lost. */
  #dropStreams(streams: Streams): void {
    if (streams !== this.#streams[0]) this.#streams.splice(this.#streams.indexOf(streams), 1)
  }

  #busyError(): RemoteError {
    return new RemoteError({
      code: 'REMOTE_BUSY',
      host: this.host,
      what: 'too many remote processes at once',
      expected: `at most ${streamsOnFirstConnection + channelsPerConnection * (maxConnections - 1)}`,
    })
  }

  #closedError(mayHaveStarted = false): RemoteError {
    const what = mayHaveStarted ? 'a command was ended by the end of its Remote' : 'the Remote was disposed'
    return new RemoteError({ code: 'REMOTE_CLOSED', host: this.host, what, mayHaveStarted })
  }
}

async function isLost(streams: Streams): Promise<boolean> {
  return streams.connection.then(
    (connection) => connection.isLost,
    () => true,
  )
}
