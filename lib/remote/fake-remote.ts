import { PassThrough, Writable } from 'node:stream'
import { RemoteError } from './remote-error.ts'
import type { ExecOptions, ExecResult, Remote, RemoteProcess, SpawnOptions } from './remote.ts'
import type { Script } from '../script.ts'

export interface FakeAnswer {
  readonly stdout?: string | Uint8Array
  readonly stderr?: string
  readonly exitCode?: number
  readonly signal?: string
  /** Thrown instead of a result. */
  readonly error?: Error
  /** `spawn` only: the process goes on after its output until it is stopped or its stdin ended. */
  readonly staysUp?: boolean
}

type Reply =
  FakeAnswer | string | ((command: string, options: ExecOptions | SpawnOptions) => FakeAnswer | string)

/**
 * A host in memory for unit tests: scripted answers, recorded commands, files in a map.
 *
 * ```ts
 * const remote = new FakeRemote('worker1').answer(/^docker info/, '{"ID":"x"}').answer('false', { exitCode: 1 })
 * ```
 * The answer given last wins; a string matches a command that contains it. A command nobody scripted throws.
 */
export class FakeRemote implements Remote {
  readonly host: string
  /** Every command of exec and spawn, in order. */
  readonly commands: string[] = []
  readonly files = new Map<string, { readonly content: Buffer; readonly mode: number }>()
  /** Everything that was spawned. */
  readonly processes: FakeProcess[] = []
  disposed = false
  readonly #answers: { readonly pattern: string | RegExp; readonly reply: Reply }[] = []

  constructor(host = 'fake') {
    this.host = host
  }

  answer(pattern: string | RegExp, reply: Reply): this {
    this.#answers.unshift({ pattern, reply })
    return this
  }

  async exec(script: Script, options: ExecOptions = {}): Promise<ExecResult> {
    const command = script.text
    const answer = this.#reply(command, options)
    if (answer.error !== undefined) throw answer.error
    return {
      stdout: Buffer.from(answer.stdout ?? '').toString('utf8'),
      stderr: answer.stderr ?? '',
      exitCode: exitCodeOf(answer),
      ...(answer.signal === undefined ? {} : { signal: answer.signal }),
      durationMs: 1,
    }
  }

  async spawn(script: Script, options: SpawnOptions = {}): Promise<RemoteProcess> {
    const command = script.text
    const answer = this.#reply(command, options)
    if (answer.error !== undefined) throw answer.error
    const process = new FakeProcess(command, answer)
    this.processes.push(process)
    return process
  }

  async upload(content: Uint8Array | string, remotePath: string, mode = 0o600): Promise<void> {
    this.files.set(remotePath, { content: Buffer.from(content), mode })
  }

  async download(remotePath: string): Promise<Buffer> {
    const file = this.files.get(remotePath)
    if (file !== undefined) return Buffer.from(file.content)
    throw new RemoteError({
      code: 'REMOTE_FILE',
      host: this.host,
      what: `cannot read ${remotePath}`,
      observed: 'No such file',
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true
    await Promise.all(this.processes.map((process) => process.stop()))
  }

  #reply(command: string, options: ExecOptions | SpawnOptions): FakeAnswer {
    this.commands.push(command)
    const found = this.#answers.find(({ pattern }) =>
      typeof pattern === 'string' ? command.includes(pattern) : command.search(pattern) >= 0,
    )
    if (found === undefined)
      throw new Error(`FakeRemote ${this.host}: nobody scripted an answer to: ${command}`)
    const answer = typeof found.reply === 'function' ? found.reply(command, options) : found.reply
    return typeof answer === 'string' ? { stdout: answer } : answer
  }
}

export class FakeProcess implements RemoteProcess {
  readonly command: string
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly stdin: Writable
  /** What was written to stdin. */
  readonly written: Buffer[] = []
  readonly exited: Promise<{ readonly exitCode: number; readonly signal?: string }>
  stopped = false
  #end: (exit: { readonly exitCode: number; readonly signal?: string }) => void = () => undefined

  constructor(command: string, answer: FakeAnswer) {
    this.command = command
    this.exited = new Promise((resolve) => (this.#end = resolve))
    this.stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.written.push(chunk)
        done()
      },
      final: (done) => {
        this.end()
        done()
      },
    })
    this.stdout.write(answer.stdout ?? '')
    this.stderr.write(answer.stderr ?? '')
    if (answer.staysUp !== true) {
      this.end({
        exitCode: exitCodeOf(answer),
        ...(answer.signal === undefined ? {} : { signal: answer.signal }),
      })
    }
  }

  /** Ends the process from the test's side; later ends count for nothing. */
  end(exit: { readonly exitCode: number; readonly signal?: string } = { exitCode: 0 }): void {
    this.stdout.end()
    this.stderr.end()
    this.#end(exit)
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.end({ exitCode: -1, signal: 'SIGINT' })
    await this.exited
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

function exitCodeOf(answer: FakeAnswer): number {
  return answer.exitCode ?? (answer.signal === undefined ? 0 : -1)
}
