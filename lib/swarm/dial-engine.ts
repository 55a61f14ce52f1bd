import { Duplex } from 'node:stream'
import { redact } from '../redact.ts'
import type { Remote, RemoteProcess } from '../remote/remote.ts'
import { sh } from '../script.ts'

/** More of what the client says is not kept. */
const wordsCharacters = 600

/**
 * A connection to a host's engine, wherever the docker client of the host's user reaches it: a socket of root's or of a
 * user's own, DOCKER_HOST, a context. It ends when the engine ends it, or with the Remote. Where it cannot be made it is
 * destroyed with the reason: a RemoteError where the host is not reached, else a `DialError`.
 * Source: Docker CLI 18.09 and later, cli/command/system/dial_stdio.go.
 */
export function dialEngine(remote: Remote): Duplex {
  return new EngineConnection(() => remote.spawn(sh`exec docker system dial-stdio`, { stdin: 'pipe' }))
}

/** The client that connects ended without having reached the engine, or was cut off. */
export class DialError extends Error {
  readonly exitCode: number

  constructor(exitCode: number, words: string) {
    super(words === '' ? `docker system dial-stdio ended with exit code ${exitCode}` : words)
    this.exitCode = exitCode
  }
}

class EngineConnection extends Duplex {
  readonly #starting: Promise<RemoteProcess>
  #process: RemoteProcess | undefined
  #words = ''

  constructor(start: () => Promise<RemoteProcess>) {
    super({ allowHalfOpen: false })
    this.#starting = start()
    this.#starting.then(
      (process) => this.#attach(process),
      (error: unknown) => this.#lose(error),
    )
  }

  override _read(): void {
    this.#process?.stdout.resume()
  }

  /** Until there is a process it waits. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#starting.then(
      // That it does not read any more is told by its end, with the reason.
      ({ stdin }) => void stdin.write(chunk, () => done()),
      () => done(),
    )
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#process?.stdin.end()
    done()
  }

  /** At once, also where the process has yet to come: whoever asked must not wait for that. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Whether it ended is the Remote's to see: nobody waits for it here.
    this.#starting.then((process) => process.stop()).catch(() => undefined)
    done(error)
  }

  #attach(process: RemoteProcess): void {
    if (this.destroyed) return
    this.#process = process
    process.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) process.stdout.pause()
    })
    process.stdout.on('error', (error) => this.#lose(error))
    process.stdout.on('end', () => void this.#end(process))
    process.stderr.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + chunk.toString()).slice(-wordsCharacters)
    })
    process.stderr.on('error', () => undefined)
    process.stdin.on('error', () => undefined)
    process.exited.catch((error: unknown) => this.#lose(error))
  }

  /** All was read: nothing more comes, or nothing came at all. */
  async #end({ exited }: RemoteProcess): Promise<void> {
    try {
      const { exitCode } = await exited
      if (exitCode === 0) this.push(null)
      else this.#lose(new DialError(exitCode, redact(this.#words.trim())))
    } catch (error) {
      this.#lose(error)
    }
  }

  #lose(error: unknown): void {
    if (!this.destroyed) this.destroy(asError(error))
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
