import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { missingTool } from '../missing-tool.ts'
import { readLines, TooMuchOutput } from '../remote/bounded-lines.ts'
import { runKept, StrayOutput } from '../remote/kept-program.ts'
import type { RemoteProcess } from '../remote/remote.ts'
import { decodeResult, type AgentResult, type Plan } from './agent-protocol.ts'
import { agentScript } from './agent-script.ts'

/**
 * One agent on one host, for one call: a run of a program that is kept there. Every way it can end before it was told to
 * makes `ready` and `done` reject; none of them can look like a probe that timed out.
 */
export class AgentSession implements AsyncDisposable {
  /** Resolves when its responders listen. */
  readonly ready: Promise<void>
  /** Resolves when every probe has its result. */
  readonly done: Promise<void>
  readonly results: AgentResult[] = []
  /** The agent's monotonic clock when probing started. */
  startedMicroseconds = 0
  readonly #host: string
  readonly #process: RemoteProcess
  readonly #isReady = settleable()
  readonly #isDone = settleable()
  #stderr = ''

  private constructor(host: string, process: RemoteProcess, plan: Plan) {
    this.#host = host
    this.#process = process
    this.ready = this.#isReady.promise
    this.done = this.#isDone.promise
    this.ready.catch(() => undefined)
    this.done.catch(() => undefined)
    process.stderr.on('data', (chunk: Buffer) => (this.#stderr = (this.#stderr + String(chunk)).slice(-4096)))
    const read = readLines(process.stdout, (line) => this.#take(line))
    Promise.all([process.exited, read]).then(
      ([{ exitCode }]) => this.#ended(exitCode, plan),
      (error: unknown) => this.#broke(error),
    )
    process.stdin.on('error', () => undefined)
    process.stdin.write(plan.lines.map((line) => `${line}\n`).join(''))
  }

  static async start(host: Host, plan: Plan): Promise<AgentSession> {
    return new AgentSession(host.name, await runKept(host.remote, agentScript), plan)
  }

  go(): void {
    this.#process.stdin.write('go\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end('stop\n')
    await this.#process.stop()
  }

  #take(line: string): void {
    const verb = line.slice(0, line.includes(' ') ? line.indexOf(' ') : undefined)
    const rest = line.slice(verb.length + 1)
    if (verb === 'ready') this.#isReady.resolve()
    else if (verb === 'done') this.#isDone.resolve()
    else if (verb === 'start') this.startedMicroseconds = Number(rest)
    else if (verb === 'broken') this.#fail(rest)
    else {
      const result = decodeResult(line)
      if (result) this.results.push(result)
      else this.#fail(`it said '${line.slice(0, 200)}', which is not a line of its protocol`)
    }
  }

  /** An agent that floods is not listened to any longer. */
  #broke(error: unknown): void {
    if (error instanceof StrayOutput) return this.#fail(error.message, error)
    if (!(error instanceof TooMuchOutput)) return this.#fail('its connection was lost', error)
    this.#fail(`it printed ${error.message}`, error)
    this.#process.stop().catch(() => undefined)
  }

  #ended(exitCode: number, plan: Plan): void {
    if (exitCode === 127) this.#reject(missingTool('perl', this.#host))
    else {
      const said = this.#stderr.trim() === '' ? 'nothing on standard error' : this.#stderr.trim()
      this.#fail(`it ended with exit code ${exitCode} (its limit is ${plan.limitSeconds} s): ${said}`)
    }
  }

  /** The first reason stands; what is already settled stays. */
  #fail(observed: string, cause?: unknown): void {
    const error = new SwarmproofError({
      code: 'PROBE_AGENT',
      what: 'the probe agent could not finish',
      host: this.#host,
      observed,
      hint: 'nothing is known about the network from this call; run it again',
      cause,
    })
    this.#reject(error)
  }

  #reject(error: SwarmproofError): void {
    this.#isReady.reject(error)
    this.#isDone.reject(error)
  }
}

interface Settleable {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

function settleable(): Settleable {
  let resolve: () => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<void>((onResolve, onReject) => ([resolve, reject] = [onResolve, onReject]))
  return { promise, resolve, reject }
}
