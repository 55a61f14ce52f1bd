import { createConnection } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SwarmproofError } from '../../error.ts'

interface Pending {
  readonly command: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

interface Message {
  readonly QMP?: unknown
  readonly id?: number
  readonly return?: unknown
  readonly error?: { readonly class?: string; readonly desc?: string }
}

/** Of a message that is not yet whole; QEMU's own replies have some kilobytes. */
const longestLine = 8 * 1024 * 1024

/**
 * A client of QEMU's machine protocol: JSON lines over a UNIX socket, one client at a time. Events are ignored.
 * Source: QEMU documentation, "QEMU Machine Protocol Specification".
 */
export class QmpClient implements Disposable {
  readonly #socket: Socket
  readonly #host: string
  readonly #pending = new Map<number, Pending>()
  #nextId = 1
  #buffer = ''
  #ended: Error | undefined
  #greeted: (() => void) | undefined

  private constructor(socket: Socket, host: string) {
    this.#socket = socket
    this.#host = host
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => this.#receive(text))
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(undefined))
  }

  /** Connects and leaves negotiation mode. Tries until the time limit, since QEMU may just be starting. */
  static async connect(
    path: string,
    host: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly isAlive?: () => boolean },
  ): Promise<QmpClient> {
    const until = Date.now() + options.timeoutMs
    for (;;) {
      options.signal.throwIfAborted()
      try {
        const client = new QmpClient(await connectSocket(path), host)
        try {
          await client.#greeting(until - Date.now())
          await client.execute('qmp_capabilities')
          return client
        } catch (error) {
          client[Symbol.dispose]()
          throw error
        }
      } catch (error) {
        if (Date.now() > until || options.isAlive?.() === false) throw unreachable(host, error)
        await sleep(20, undefined, { signal: options.signal })
      }
    }
  }

  /** Runs a command and returns what it returned; an error answer is a SwarmproofError `QMP_REFUSED`. */
  execute(command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { command, resolve, reject })
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: parameters, id })}\r\n`)
    })
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  async #greeting(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve, reject) => {
      this.#greeted = resolve
      timer = setTimeout(() => reject(new Error('no greeting from QEMU')), Math.max(timeoutMs, 100))
      this.#socket.once('close', () => reject(new Error('QEMU closed the connection')))
    }).finally(() => clearTimeout(timer))
  }

  #receive(text: string): void {
    this.#buffer += text
    const lines = this.#buffer.split('\n')
    this.#buffer = lines.pop() ?? ''
    if (this.#buffer.length > longestLine) {
      this.#end(new Error(`QEMU sent a line of more than ${longestLine} characters`))
      this.#socket.destroy()
      return
    }
    for (const line of lines) if (line.trim() !== '') this.#dispatch(line)
  }

  #dispatch(line: string): void {
    let message: Message
    try {
      message = JSON.parse(line) as Message
    } catch {
      this.#end(new Error(`QEMU sent something that is not JSON: ${line.slice(0, 100)}`))
      this.#socket.destroy()
      return
    }
    if (message.QMP !== undefined) this.#greeted?.()
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id)
    if (pending === undefined || message.id === undefined) return
    this.#pending.delete(message.id)
    if (message.error === undefined) pending.resolve(message.return)
    else pending.reject(refused(this.#host, pending.command, message.error.desc ?? 'unknown error'))
  }

  #end(cause: Error | undefined): void {
    this.#ended ??= new SwarmproofError({
      code: 'QMP_CLOSED',
      what: 'QEMU closed its control connection',
      host: this.#host,
      ...(cause === undefined ? {} : { cause }),
    })
    for (const pending of this.#pending.values()) pending.reject(this.#ended)
    this.#pending.clear()
  }
}

function connectSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function unreachable(host: string, cause: unknown): SwarmproofError {
  return new SwarmproofError({
    code: 'QMP_UNREACHABLE',
    what: 'QEMU does not answer on its control socket',
    host,
    observed: cause instanceof Error ? cause.message : String(cause),
    cause,
  })
}

function refused(host: string, command: string, reason: string): SwarmproofError {
  return new SwarmproofError({
    code: 'QMP_REFUSED',
    what: `QEMU refused '${command}'`,
    host,
    observed: reason,
  })
}
