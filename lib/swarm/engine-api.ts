import { type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { messageOf, SwarmproofError } from '../error.ts'
import { missingTool } from '../missing-tool.ts'
import { redact } from '../redact.ts'
import type { RemoteCalls } from '../remote/remote-calls.ts'
import { RemoteError } from '../remote/remote-error.ts'
import { DialError } from './dial-engine.ts'
import { EngineAgent } from './engine-agent.ts'
import { refusalHint } from './refusal-hint.ts'

/** As of the Docker Engine API; each is a list of what is let through. */
export type EngineFilters = Readonly<Record<string, readonly string[]>>

export interface EngineRequestOptions {
  readonly filters?: EngineFilters
  /** Of services: how many of their tasks run, and how many are to. */
  readonly status?: true
  /** From the request to the end of its answer, the making of a connection included; 60 000 where not given. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

const defaultTimeoutMs = 60_000
/** Of one answer. */
const maxAnswerBytes = 16 * 1024 * 1024

/** Of one object, e.g. `/services/web`. */
export function objectPath(
  kind: 'networks' | 'services' | 'containers',
  name: string,
  part?: 'json',
): string {
  return `/${kind}/${encodeURIComponent(name)}${part === undefined ? '' : `/${part}`}`
}

/** An engine answered, and refused. */
export class EngineRefused extends SwarmproofError {
  readonly status: number

  constructor(host: string, what: string, status: number, words: string) {
    super({
      code: 'DOCKER_FAILED',
      what: `the engine refused ${what}`,
      host,
      expected: 'status 200',
      observed: `status ${status}: ${words}`,
      ...refusalHint(words),
    })
    this.status = status
  }
}

/**
 * The engine of one host, by its API. Answers hold objects whole, with what their owners keep in them: ask for objects of
 * the run by name, id or label, and for nothing that may be somebody else's; for that there are templates that cut on the
 * host (`docker`).
 */
export class EngineApi implements Disposable {
  readonly host: string
  readonly #dial: () => Duplex
  readonly #agent: EngineAgent
  readonly #calls: RemoteCalls | undefined

  constructor(host: string, dial: () => Duplex, calls?: RemoteCalls) {
    this.host = host
    this.#dial = dial
    this.#agent = new EngineAgent(dial)
    this.#calls = calls
  }

  /**
   * The answer to a GET, an object. @throws EngineRefused; SwarmproofError `DOCKER_FAILED` where there was no answer,
   * within its time or at all, `DOCKER_OUTPUT` where it is something else; RemoteError where the host was not reached
   */
  async get(path: string, options: EngineRequestOptions = {}): Promise<object> {
    return this.#parsed(path, options, 'object')
  }

  /** As `get`, where the answer is a list. */
  async list(path: string, options: EngineRequestOptions = {}): Promise<readonly unknown[]> {
    return (await this.#parsed(path, options, 'list')) as readonly unknown[]
  }

  /** Removes an object. False where there is none. @throws as `get` */
  async delete(path: string, options: EngineRequestOptions = {}): Promise<boolean> {
    try {
      await this.#repeatable('DELETE', path, options)
      return true
    } catch (error) {
      if (error instanceof EngineRefused && error.status === 404) return false
      throw error
    }
  }

  /**
   * Begins to hear events, on a connection of its own, and resolves when the engine has begun to tell. The answer ends
   * with the signal, with `destroy`, or when the engine does.
   * @throws as `get`
   */
  async events(filters: EngineFilters, signal: AbortSignal): Promise<IncomingMessage> {
    const agent = new EngineAgent(this.#dial)
    try {
      const answer = await this.#answer('GET', '/events', { filters, signal }, agent)
      return answer.once('close', () => agent.destroy())
    } catch (error) {
      // After a refusal it would be kept, with a process on the host, for nobody.
      agent.destroy()
      throw error
    }
  }

  /** Closes the kept connection; a request after it makes another. */
  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  /** What may be asked twice is asked again where the kept connection turned out to be dead. */
  async #repeatable(method: string, path: string, options: EngineRequestOptions): Promise<Answered> {
    try {
      return await this.#whole(method, path, options)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error
      return this.#whole(method, path, options).catch((again: unknown) => {
        throw again instanceof StaleConnection ? this.#silent(`${method} ${path}`, again.message) : again
      })
    }
  }

  async #whole(method: string, path: string, options: EngineRequestOptions): Promise<Answered> {
    const { timeoutMs = defaultTimeoutMs } = options
    const limit = AbortSignal.timeout(timeoutMs)
    const signal = options.signal === undefined ? limit : AbortSignal.any([options.signal, limit])
    try {
      const response = await this.#answer(method, path, { ...options, signal }, this.#agent)
      return { response, body: await bounded(response) }
    } catch (error) {
      options.signal?.throwIfAborted()
      if (limit.aborted) throw this.#silent(`${method} ${path}`, `no answer within ${timeoutMs / 1000} s`)
      throw error instanceof SwarmproofError || error instanceof StaleConnection
        ? error
        : this.#silent(`${method} ${path}`, messageOf(error), error)
    }
  }

  /** The head of an answer that is no refusal. */
  async #answer(
    method: string,
    path: string,
    { filters, status, signal }: EngineRequestOptions,
    agent: EngineAgent,
  ): Promise<IncomingMessage> {
    const words = {
      ...(status === undefined ? {} : { status: String(status) }),
      ...(filters === undefined ? {} : { filters: JSON.stringify(filters) }),
    }
    const query = new URLSearchParams(words).toString().replace(/^(?=.)/, '?')
    const what = `${method} ${path}`
    if (this.#calls !== undefined) this.#calls.engineRequests += 1
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request({ agent, method, path: `${path}${query}`, host: 'engine', signal }, resolve)
      asked.on('error', (error) => reject(this.#noAnswer(what, error, asked.reusedSocket)))
      asked.end()
    })
    const { statusCode = 0 } = response
    if (statusCode >= 200 && statusCode < 300) return response
    throw new EngineRefused(this.host, what, statusCode, wordsOf(await bounded(response)))
  }

  #noAnswer(what: string, error: Error, reused: boolean): Error {
    if (error instanceof RemoteError || error.name === 'AbortError') return error
    if (error instanceof DialError && error.exitCode === 127) return missingTool('docker', this.host)
    if (reused) return new StaleConnection(error.message)
    return this.#silent(what, error.message, error)
  }

  #silent(what: string, observed: string, cause?: unknown): SwarmproofError {
    return new SwarmproofError({
      code: 'DOCKER_FAILED',
      what: `the engine did not answer ${what}`,
      host: this.host,
      expected: 'an answer over `docker system dial-stdio`',
      observed: observed.slice(-600),
      hint: `on ${this.host}: does the engine run (systemctl status docker), and has \`docker system dial-stdio --help\` a page?`,
      cause,
    })
  }

  /** What stands between a client and its engine may answer anything in its place. */
  async #parsed(path: string, options: EngineRequestOptions, kind: 'object' | 'list'): Promise<object> {
    const { response, body } = await this.#repeatable('GET', path, options)
    const parsed = parseJson(body)
    const type = response.headers['content-type'] ?? 'no type'
    if (parsed === undefined) throw this.#unread(path, 'JSON', `${body.length} bytes of ${type}`)
    if (typeof parsed === 'object' && parsed !== null && Array.isArray(parsed) === (kind === 'list'))
      return parsed
    throw this.#unread(path, `JSON of one ${kind}`, `${body.length} bytes that are something else`)
  }

  /** Quotes nothing of the answer: it may be of somebody else's objects. */
  #unread(path: string, expected: string, observed: string): SwarmproofError {
    return new SwarmproofError({
      code: 'DOCKER_OUTPUT',
      what: `the engine answered GET ${path} by something that cannot be read`,
      ...{ host: this.host, expected, observed },
    })
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

interface Answered {
  readonly response: IncomingMessage
  readonly body: Buffer
}

/** The engine had closed the kept connection before it was asked. */
class StaleConnection extends Error {}

async function bounded(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length
    if (bytes > maxAnswerBytes) throw new Error(`an answer of more than ${maxAnswerBytes} bytes`)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

/** What the engine says in a refusal, `{"message":"…"}`. */
function wordsOf(body: Buffer): string {
  try {
    const { message } = JSON.parse(body.toString('utf8')) as { message?: unknown }
    return redact(typeof message === 'string' ? message : '').slice(0, 600)
  } catch {
    return 'no message'
  }
}
