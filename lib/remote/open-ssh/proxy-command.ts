import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { Duplex } from 'node:stream'
import { RemoteError } from '../remote-error.ts'

/** For the command to end after SIGHUP, before SIGKILL. */
const endGraceMs = 2_000
/** Of what it says on standard error, the last is kept for messages. */
const keptChars = 2_000

/**
 * The way to a host through a command of ssh_config, run as ssh runs it: by the user's shell, with `exec` before it. It
 * has a session of its own, so that Ctrl-C does not cut the way before the hosts are cleaned, and is ended with the
 * connection. What it says on standard error is quoted when it fails.
 */
export class ProxyCommand extends Duplex {
  readonly #host: string
  readonly #command: string
  readonly #child: ChildProcess
  #said = ''
  #ended = false

  constructor(host: string, command: string, environment: NodeJS.ProcessEnv) {
    super({ allowHalfOpen: false })
    this.#host = host
    this.#command = command
    const shell = environment['SHELL'] || '/bin/sh'
    // The user's own, from the user's own configuration; names of hosts in it were checked (refuseUnsafeNames).
    // eslint-disable-next-line swarmproof/fixed-programs
    this.#child = spawn(shell, ['-c', `exec ${command}`], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: { PATH: process.env['PATH'], ...environment },
    })
    const { stdin, stdout, stderr } = this.#child
    stdin?.on('error', () => undefined)
    stdout?.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause()
    })
    stderr?.on('data', (chunk: Buffer) => (this.#said = (this.#said + String(chunk)).slice(-keptChars)))
    this.#child.on('error', (error) => this.#end(error.message))
    this.#child.on('close', (code, signal) =>
      this.#end(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`),
    )
  }

  /** This process may end though the command runs on; its input then ends, and so does it. */
  unref(): this {
    this.#child.unref()
    for (const stream of this.#child.stdio) (stream as { unref?(): void } | null)?.unref?.()
    return this
  }

  override _read(): void {
    this.#child.stdout?.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { stdin } = this.#child
    if (stdin === null || !stdin.writable) return done()
    stdin.write(chunk, () => done())
  }

  override _final(done: () => void): void {
    this.#child.stdin?.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#kill()
    done(error)
  }

  #end(how: string): void {
    if (this.#ended) return
    this.#ended = true
    if (this.destroyed) return
    const said = this.#said.trim().split(/\r?\n/).filter(Boolean).slice(-3).join(' | ')
    this.destroy(
      new RemoteError({
        code: 'SSH_CONNECT',
        host: this.#host,
        what: 'the ProxyCommand of ssh_config ended',
        observed: said === '' ? `${how} and said nothing` : `${how}: ${said}`,
        hint: `run it by itself: ${this.#command}`,
      }),
    )
  }

  #kill(): void {
    const { pid } = this.#child
    if (this.#ended || pid === undefined) return
    this.#child.stdin?.destroy()
    signal(pid, 'SIGHUP')
    const timer = setTimeout(() => signal(pid, 'SIGKILL'), endGraceMs)
    this.#child.once('close', () => clearTimeout(timer))
  }
}

/** The whole session: a shell that could not become its command has children. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name)
  } catch {
    // It ended by itself.
  }
}
