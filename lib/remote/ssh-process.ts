import { PassThrough, Writable } from 'node:stream'
import type { Readable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import { endOfInputGraceMs, killGraceMs } from './lifeline.ts'
import { RemoteError, quoteCommand } from './remote-error.ts'
import type { RemoteProcess } from './remote.ts'
import type { SshConnection } from './ssh-connection.ts'
import { isFull } from './unread.ts'

/** For the end of a killed process to come back from a slow host. */
const reportSlackMs = 10_000
/** For the last output of a command that ended, if something it left behind holds its outputs open. */
const leftoverMs = 1_000

type Exit = { readonly exitCode: number; readonly signal?: string }

/** A remote process on a channel whose command runs under the life line. */
export class SshProcess implements RemoteProcess {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly stdin: Writable
  readonly exited: Promise<Exit>
  readonly #channel: ClientChannel
  readonly #connection: SshConnection
  readonly #command: string
  #stopping = false
  #exit: Exit | undefined

  constructor(
    connection: SshConnection,
    channel: ClientChannel,
    command: string,
    stdin: 'lifeline' | 'pipe',
  ) {
    this.#connection = connection
    this.#channel = channel
    this.#command = command
    const [stdout, stderr] = [this.#forward(channel), this.#forward(channel.stderr)]
    this.stdout = stdout
    this.stderr = stderr
    this.stdin = stdin === 'pipe' ? writer(channel) : closedWriter()
    this.exited = this.#end(stdout, stderr)
    // Whoever does not ask must not be ended by an unhandled rejection.
    this.exited.catch(() => undefined)
  }

  /** The command ended; what it started may still hold its outputs open. */
  get hasExited(): boolean {
    return this.#exit !== undefined
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#channel.resume()
    this.#channel.stderr.resume()
    this.#channel.end()
    const limitMs = this.hasExited ? leftoverMs : endOfInputGraceMs + killGraceMs + reportSlackMs
    let timer: NodeJS.Timeout | undefined
    const ended = await Promise.race([
      this.exited.then(
        () => true,
        () => true,
      ),
      new Promise<boolean>((resolve) => (timer = setTimeout(resolve, limitMs, false))),
    ])
    clearTimeout(timer)
    if (ended) return
    this.#channel.close()
    if (!this.hasExited) throw this.#stillRunning(limitMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #stillRunning(limitMs: number): RemoteError {
    return new RemoteError({
      code: 'REMOTE_TIMEOUT',
      host: this.#connection.host,
      what: `a remote process was told to stop but did not end: ${quoteCommand(this.#command)}`,
      expected: `its end within ${limitMs / 1000} s of SIGINT and SIGKILL`,
      mayHaveStarted: true,
    })
  }

  #end(stdout: PassThrough, stderr: PassThrough): Promise<Exit> {
    const channel = this.#channel
    channel.on('exit', (code: number | null, signal?: string) => {
      this.#exit =
        code === null ? { exitCode: -1, ...(signal === undefined ? {} : { signal }) } : { exitCode: code }
    })
    channel.on('error', () => undefined)
    return new Promise((resolve, reject) => {
      // Comes only after both outputs were read to their ends.
      channel.on('close', () => {
        if (this.#exit !== undefined) {
          stdout.end()
          stderr.end()
          return resolve(this.#exit)
        }
        const lost = this.#connection.lostError(true)
        for (const output of [stdout, stderr]) output.destroy(lost)
        reject(lost)
      })
    })
  }

  /** Keeps the channel's flow control while the owner reads; once stopping, nothing may hold up the end. */
  #forward(source: Readable): PassThrough {
    const target = new PassThrough()
    target.on('error', () => undefined)
    source.on('data', (chunk: Buffer) => {
      if (target.destroyed || (this.#stopping && isFull(target))) return
      if (target.write(chunk) || this.#stopping) return
      source.pause()
    })
    target.on('drain', () => source.resume()).on('close', () => source.resume())
    return target
  }
}

function writer(channel: ClientChannel): Writable {
  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!channel.writable) return done(new Error('the remote process no longer reads'))
      channel.write(chunk, done)
    },
    final: (done) => {
      channel.end()
      done()
    },
  })
  stdin.on('error', () => undefined)
  channel.on('close', () => stdin.destroy())
  return stdin
}

function closedWriter(): Writable {
  const stdin = new Writable({
    write: (_chunk, _encoding, done) =>
      done(new Error("this process reads nothing: spawn it with { stdin: 'pipe' }")),
  })
  stdin.on('error', () => undefined)
  return stdin
}
