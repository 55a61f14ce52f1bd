import { PassThrough, Writable } from 'node:stream'
import type { Duplex, Readable } from 'node:stream'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { EndableProcess } from './bounded-run.ts'
import { DockerFrames } from './docker-frames.ts'
import { endOfInputGraceMs, killGraceMs } from './lifeline.ts'
import { RemoteError, quoteCommand } from './remote-error.ts'
import { isFull } from './unread.ts'

/** For the end of a killed process to come back from a busy engine. */
const reportSlackMs = 10_000
/** An engine closes the connection of a command a moment before it knows how the command ended. */
const exitCodeWithinMs = 10_000
/** One output that nobody reads must not hold up the other before this much of it has piled up. */
const bufferBytes = 1024 * 1024

type Exit = { readonly exitCode: number; readonly signal?: string }

/** What a process needs of the engine it runs on. */
export interface ExecState {
  /** Undefined while it runs. Rejects if the engine cannot tell any more. */
  exitCode(): Promise<number | undefined>
}

/** A command in a container, on the connection an engine gave for it; it runs under the life line. */
export class ContainerProcess implements EndableProcess {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly stdin: Writable
  readonly exited: Promise<Exit>
  readonly #outputs: Readonly<Record<'stdout' | 'stderr', PassThrough>>
  readonly #socket: Duplex
  readonly #host: string
  readonly #command: string
  readonly #frames = new DockerFrames()
  #stopping = false
  #exit: Exit | undefined

  constructor(host: string, socket: Duplex, exec: ExecState, command: string, stdin: 'lifeline' | 'pipe') {
    this.#host = host
    this.#socket = socket
    this.#command = command
    this.#outputs = { stdout: this.#output(), stderr: this.#output() }
    this.stdout = this.#outputs.stdout
    this.stderr = this.#outputs.stderr
    this.stdin = stdin === 'pipe' ? writer(socket) : closedWriter()
    this.exited = this.#end(exec)
    // Whoever does not ask must not be ended by an unhandled rejection.
    this.exited.catch(() => undefined)
  }

  get hasExited(): boolean {
    return this.#exit !== undefined
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#socket.resume()
    if (this.#socket.writable) this.#socket.end()
    const limitMs = endOfInputGraceMs + killGraceMs + reportSlackMs
    const limit = new AbortController()
    const ended = await Promise.race([
      this.exited.then(
        () => true,
        () => true,
      ),
      delay(limitMs, false, { signal: limit.signal }).catch(() => false),
    ])
    limit.abort()
    if (ended) return
    this.#socket.destroy()
    throw new RemoteError({
      code: 'REMOTE_TIMEOUT',
      host: this.#host,
      what: `a remote process was told to stop but did not end: ${quoteCommand(this.#command)}`,
      expected: `its end within ${limitMs / 1000} s of SIGINT and SIGKILL`,
      mayHaveStarted: true,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Keeps the connection's flow control while the owner reads; once stopping, nothing may hold up the end. */
  #output(): PassThrough {
    const target = new PassThrough({ highWaterMark: bufferBytes })
    target.on('error', () => undefined)
    const goOn = (): void => {
      if (!Object.values(this.#outputs).some((one) => one.writableNeedDrain && !one.destroyed)) {
        this.#socket.resume()
      }
    }
    return target.on('drain', goOn).on('close', goOn)
  }

  #take(chunk: Buffer): void {
    for (const { output, bytes } of this.#frames.take(chunk)) {
      const target = this.#outputs[output]
      if (target.destroyed || (this.#stopping && isFull(target))) continue
      if (target.write(bytes) || this.#stopping) continue
      this.#socket.pause()
    }
  }

  #end(exec: ExecState): Promise<Exit> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      const lose = (observed: string, cause?: unknown): void => {
        const lost = lostError(this.#host, observed, cause)
        for (const output of Object.values(this.#outputs)) output.destroy(lost)
        reject(lost)
        socket.destroy()
      }
      socket.on('data', (chunk: Buffer) => {
        try {
          this.#take(chunk)
        } catch (error) {
          lose('something that is not the output of a command', error)
        }
      })
      socket.on('error', (error: Error) => lose(error.message, error))
      socket.on('close', () => {
        if (!socket.readableEnded) lose('the connection was closed')
      })
      socket.on('end', () => {
        if (socket.writable) socket.end()
        if (!this.#frames.isBetweenFrames) return lose('it ended in the midst of an output')
        this.#exitOf(exec).then(
          (exit) => {
            this.#exit = exit
            for (const output of Object.values(this.#outputs)) output.end()
            resolve(exit)
          },
          (error: unknown) => lose(error instanceof Error ? error.message : String(error), error),
        )
      })
    })
  }

  async #exitOf(exec: ExecState): Promise<Exit> {
    const until = performance.now() + exitCodeWithinMs
    for (let waitMs = 5; ; waitMs = Math.min(2 * waitMs, 250)) {
      const code = await exec.exitCode()
      if (code !== undefined) return asExit(code)
      if (performance.now() > until) throw new Error('the engine says that it still runs')
      await delay(waitMs)
    }
  }
}

/** An engine tells of a signal as shells do, by 128 and its number. */
function asExit(code: number): Exit {
  const signal = Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0]
  return signal === undefined ? { exitCode: code } : { exitCode: -1, signal }
}

function lostError(host: string, observed: string, cause: unknown): RemoteError {
  return new RemoteError({
    code: 'EXEC_LOST',
    host,
    what: 'the connection to a command in the container was lost',
    observed,
    hint: 'does the engine that runs the container still answer, and does the container run?',
    mayHaveStarted: true,
    cause,
  })
}

function writer(socket: Duplex): Writable {
  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!socket.writable) return done(new Error('the remote process no longer reads'))
      socket.write(chunk, done)
    },
    final: (done) => {
      if (socket.writable) socket.end()
      done()
    },
  })
  stdin.on('error', () => undefined)
  socket.on('close', () => stdin.destroy())
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
