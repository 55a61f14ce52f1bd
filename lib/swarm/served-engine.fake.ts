import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { Duplex, PassThrough } from 'node:stream'
import { FakeRemote } from '../remote/fake-remote.ts'
import type { RemoteProcess, SpawnOptions } from '../remote/remote.ts'
import type { Script } from '../script.ts'

/** An engine's API in memory, behind `docker system dial-stdio` of a host in memory; of other commands it is a FakeRemote. */
export class ServedEngine extends FakeRemote {
  /** Of every request, `GET /tasks?filters={"service":["x"]}`. */
  readonly requests: string[] = []
  /** How often the client was started to connect. */
  dials = 0
  /** What the client ends with instead of connecting. */
  refusal: { readonly exitCode: number; readonly words: string } | undefined
  readonly onRequest: RequestListener
  readonly #open = new Set<Connection>()
  readonly #server = createServer((asked, answer) => {
    this.requests.push(`${asked.method} ${decodeURIComponent((asked.url ?? '').replaceAll('+', ' '))}`)
    this.onRequest(asked, answer)
  })

  constructor(host: string, onRequest: RequestListener) {
    super(host)
    this.onRequest = onRequest
    // The engine closes none by itself here.
    this.#server.keepAliveTimeout = 0
  }

  /** Connections that stand. */
  get open(): number {
    return this.#open.size
  }

  /** As where the engine ends: every connection does. */
  cut(): void {
    for (const connection of this.#open) connection.end()
  }

  override async spawn(script: Script, options: SpawnOptions = {}): Promise<RemoteProcess> {
    if (!script.text.includes('dial-stdio')) return super.spawn(script, options)
    this.dials += 1
    const connection = new Connection(this.refusal)
    if (this.refusal === undefined) {
      this.#open.add(connection)
      void connection.exited.then(() => this.#open.delete(connection))
      this.#server.emit('connection', connection.far)
    }
    return connection
  }
}

class Connection implements RemoteProcess {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  /** The engine's end. */
  readonly far: Duplex
  readonly exited: Promise<{ readonly exitCode: number }>
  #tell: (exit: { readonly exitCode: number }) => void = () => undefined

  constructor(refusal: ServedEngine['refusal']) {
    this.exited = new Promise((resolve) => (this.#tell = resolve))
    this.far = new Duplex({
      read: () => void this.stdin.resume(),
      write: (chunk: Buffer, _encoding, done) => void this.stdout.write(chunk, () => done()),
    })
    this.stdin.on('data', (chunk: Buffer) => this.far.push(chunk) || this.stdin.pause())
    this.stdin.on('end', () => this.far.push(null))
    this.far.on('error', () => undefined).on('close', () => this.end())
    if (refusal === undefined) return
    this.stderr.write(refusal.words)
    this.end(refusal.exitCode)
  }

  end(exitCode = 0): void {
    this.stdout.end()
    this.stderr.end()
    this.far.destroy()
    this.#tell({ exitCode })
  }

  async stop(): Promise<void> {
    this.end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

/** Answers JSON. */
export function answerJson(answer: ServerResponse, body: unknown, status = 200): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** What a request asked to be let through. */
export function filtersOf({ url = '' }: IncomingMessage): Readonly<Record<string, readonly string[]>> {
  const text = new URL(url, 'http://engine').searchParams.get('filters') ?? '{}'
  return JSON.parse(text) as Record<string, readonly string[]>
}
