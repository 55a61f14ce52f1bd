import { randomBytes } from 'node:crypto'
import { createConnection } from 'node:net'
import type { Socket } from 'node:net'
import { SwarmproofError } from '../../error.ts'

export interface GuestReply {
  readonly exitCode: number
  readonly output: string
}

interface Limits {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Of an answer that is not yet whole: what scripts print, in base64. */
const longestLine = 8 * 1024 * 1024

/**
 * The host's end of a guest's second serial line (see guest-init.ts): runs shell scripts in the guest before it has
 * a network or an identity. One line there, one line back.
 */
export class GuestAgent implements Disposable {
  readonly #socket: Socket
  readonly #host: string
  readonly #waiters = new Set<(line: string | undefined) => boolean>()
  #buffer = ''
  #ready = false

  private constructor(socket: Socket, host: string) {
    this.#socket = socket
    this.#host = host
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#receive(text))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#dispatch(undefined))
  }

  static connect(path: string, host: string): Promise<GuestAgent> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new GuestAgent(socket, host))
      })
    })
  }

  /** Resolves once a guest that is booting listens. A guest resumed from a snapshot listens already. */
  async ready(limits: Limits): Promise<void> {
    if (this.#ready) return
    await this.#line('the guest to boot', (line) => (line === 'swarmproof-agent' ? true : undefined), limits)
  }

  /** Runs a script to its end and returns its exit code and its output. */
  async run(script: string, limits: Limits): Promise<GuestReply> {
    const token = `r${randomBytes(6).toString('hex')}`
    const reply = this.#line('an answer of the guest', (line) => parseReply(line, token), limits)
    this.#socket.write(`${token} ${Buffer.from(script).toString('base64')}\n`)
    return reply
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #line<T>(what: string, match: (line: string) => T | undefined, limits: Limits): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): true => {
        this.#waiters.delete(waiter)
        clearTimeout(timer)
        limits.signal.removeEventListener('abort', aborted)
        settle()
        return true
      }
      const waiter = (line: string | undefined): boolean => {
        if (line === undefined) return finish(() => reject(silent(this.#host, what, 'its QEMU ended')))
        const value = match(line)
        return value === undefined ? false : finish(() => resolve(value))
      }
      const aborted = (): void => void finish(() => reject(limits.signal.reason as Error))
      const late = (): void =>
        void finish(() => reject(silent(this.#host, what, `nothing within ${limits.timeoutMs / 1000} s`)))
      const timer = setTimeout(late, limits.timeoutMs)
      limits.signal.addEventListener('abort', aborted)
      this.#waiters.add(waiter)
      if (limits.signal.aborted) aborted()
      else if (this.#socket.destroyed) waiter(undefined)
    })
  }

  #receive(text: string): void {
    this.#buffer += text
    const lines = this.#buffer.split('\n')
    this.#buffer = lines.pop() ?? ''
    // Whoever waits for it is told that the guest fell silent.
    if (this.#buffer.length > longestLine) this.#socket.destroy()
    for (const line of lines) this.#dispatch(line.trim())
  }

  #dispatch(line: string | undefined): void {
    if (line === 'swarmproof-agent') this.#ready = true
    for (const waiter of [...this.#waiters]) waiter(line)
  }
}

/** `TOKEN EXIT-CODE BASE64`; undefined if it answers something else. */
export function parseReply(line: string, token: string): GuestReply | undefined {
  const [answered, exitCode, output = ''] = line.split(' ')
  if (answered !== token || exitCode === undefined || !/^\d+$/.test(exitCode)) return undefined
  return { exitCode: Number(exitCode), output: Buffer.from(output, 'base64').toString('utf8') }
}

function silent(host: string, what: string, observed: string): SwarmproofError {
  return new SwarmproofError({ code: 'GUEST_SILENT', what: `waited in vain for ${what}`, host, observed })
}
