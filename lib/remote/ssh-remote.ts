import { randomBytes } from 'node:crypto'
import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { becomeRoot } from './become-root.ts'
import { killGraceMs, maxCommandBytes, quote, withLifeline } from './lifeline.ts'
import type { Input, RootBy } from './lifeline.ts'
import { redact } from '../redact.ts'
import { RemoteError, quoteCommand } from './remote-error.ts'
import type { ExecOptions, ExecResult, Remote, RemoteProcess, SpawnOptions } from './remote.ts'
import { SshConnection, channelsPerConnection } from './ssh-connection.ts'
import { SshProcess } from './ssh-process.ts'
import type { SshEndpoint } from './ssh-endpoint.ts'
import { pinnedEndpoint } from './ssh-target.ts'
import type { SshTarget } from './ssh-target.ts'

export type { SshTarget } from './ssh-target.ts'

const defaultTimeoutMs = 30_000
const transferTimeoutMs = 600_000
/** Processes that stream hold a channel for long; the first connection keeps some for commands. */
const streamsOnFirstConnection = 3
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
    const rootBy = await becomeRoot(remote, endpoint.username)
    return rootBy === 'login' ? remote : new SshRemote(endpoint, connection, rootBy)
  } catch (error) {
    await connection.close()
    throw error
  }
}

interface RawResult {
  readonly stdout: Buffer
  readonly stderr: Buffer
  readonly exitCode: number
  readonly signal?: string
}

interface Streams {
  readonly connection: Promise<SshConnection>
  readonly capacity: number
  inUse: number
}

class SshRemote implements Remote {
  readonly host: string
  readonly #endpoint: SshEndpoint
  readonly #rootBy: RootBy
  readonly #first: SshConnection
  readonly #streams: Streams[]
  readonly #processes = new Set<SshProcess>()
  #disposed: Promise<void> | undefined

  constructor(endpoint: SshEndpoint, first: SshConnection, rootBy: RootBy) {
    this.host = endpoint.host
    this.#endpoint = endpoint
    this.#rootBy = rootBy
    this.#first = first
    this.#streams = [{ connection: Promise.resolve(first), capacity: streamsOnFirstConnection, inUse: 0 }]
  }

  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const input = options.input === undefined ? undefined : Buffer.from(options.input)
    const startedAt = performance.now()
    const result = await this.#run(command, options.timeoutMs ?? defaultTimeoutMs, input)
    return {
      ...result,
      stdout: result.stdout.toString('utf8'),
      stderr: result.stderr.toString('utf8'),
      durationMs: performance.now() - startedAt,
    }
  }

  async spawn(command: string, options: SpawnOptions = {}): Promise<RemoteProcess> {
    const stdin = options.stdin ?? 'lifeline'
    const commandLine = this.#commandLine(command, stdin === 'pipe' ? 'pipe' : 'none')
    const streams = this.#reserveStream()
    try {
      const connection = await streams.connection
      return await new Promise<RemoteProcess>((resolve, reject) => {
        // Holds one of the connection's channels until the process has ended.
        void connection.limit(async () => {
          const process = await this.#start(connection, commandLine, command, stdin).catch(reject)
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
    const [folder, name] = [posix.dirname(remotePath), posix.basename(remotePath)]
    const temporary = quote(posix.join(folder, `.${name}.${randomBytes(6).toString('hex')}`))
    const command = [
      `umask 077; mkdir -p ${quote(folder)} || exit`,
      `{ cat >${temporary} && chmod ${mode.toString(8)} ${temporary} && mv -fT ${temporary} ${quote(remotePath)}; } ||`,
      `{ code=$?; rm -f ${temporary}; exit $code; }`,
    ].join('\n')
    const result = await this.#run(command, transferTimeoutMs, Buffer.from(content))
    if (result.exitCode !== 0) throw this.#fileError(`cannot write ${remotePath}`, result)
  }

  async download(remotePath: string): Promise<Buffer> {
    const result = await this.#run(`cat <${quote(remotePath)}`, transferTimeoutMs)
    if (result.exitCode !== 0) throw this.#fileError(`cannot read ${remotePath}`, result)
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

  async #run(command: string, timeoutMs: number, input?: Buffer): Promise<RawResult> {
    const hasInput = input !== undefined && input.length > 0
    const commandLine = this.#commandLine(command, hasInput ? { bytes: input.length } : 'none')
    return this.#first.limit(async () => {
      const process = await this.#start(this.#first, commandLine, command, hasInput ? 'pipe' : 'lifeline')
      if (hasInput) process.stdin.write(input)
      const output = [collect(process.stdout), collect(process.stderr)] as const
      let timer: NodeJS.Timeout | undefined
      const limit = new Promise<'limit'>((resolve) => (timer = setTimeout(resolve, timeoutMs, 'limit')))
      const outcome = await Promise.race([process.exited, limit]).finally(() => clearTimeout(timer))
      if (outcome === 'limit') throw await this.#timeout(process, command, timeoutMs, output)
      if (this.#disposed !== undefined) throw this.#closedError(true)
      return { stdout: await output[0].all, stderr: await output[1].all, ...outcome }
    })
  }

  async #timeout(
    process: SshProcess,
    command: string,
    timeoutMs: number,
    [stdout, stderr]: readonly [Collected, Collected],
  ): Promise<RemoteError> {
    const background = process.hasExited
    const ended = await process.stop().then(
      () => true,
      () => false,
    )
    const last = redact([stdout.sofar(), stderr.sofar()].map(tail).filter(Boolean).join(' | '))
    return new RemoteError({
      code: 'REMOTE_TIMEOUT',
      host: this.host,
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

  async #start(
    connection: SshConnection,
    commandLine: string,
    command: string,
    stdin: 'lifeline' | 'pipe',
  ): Promise<SshProcess> {
    if (this.#disposed !== undefined) throw this.#closedError()
    const process = await connection.openChannel(
      commandLine,
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

  #commandLine(command: string, input: Input): string {
    const bytes = Buffer.byteLength(command)
    if (bytes <= maxCommandBytes) return withLifeline(command, input, this.#rootBy)
    throw new RemoteError({
      code: 'REMOTE_COMMAND',
      host: this.host,
      what: `a command of ${bytes} bytes is too long to be sent: ${quoteCommand(command)}`,
      expected: `at most ${maxCommandBytes} bytes`,
      hint: "give it as input instead: exec('sh -s', { input: command })",
    })
  }

  #fileError(what: string, result: RawResult): RemoteError {
    const observed = result.stderr.toString('utf8').trim()
    return new RemoteError({
      code: 'REMOTE_FILE',
      host: this.host,
      what,
      observed: observed === '' ? `exit code ${result.exitCode}` : observed,
    })
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
