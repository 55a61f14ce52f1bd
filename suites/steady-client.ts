import { messageOf, SwarmproofError } from '../lib/error.ts'
import { eventually } from '../lib/eventually.ts'
import type { Origin } from '../lib/probe/probe.ts'
import { readLines } from '../lib/remote/bounded-lines.ts'
import type { RemoteProcess } from '../lib/remote/remote.ts'
import { perlFile, perlFromInput } from '../lib/script-file.ts'

/** Where a client asks for a page, again and again. */
export interface AskedWay {
  /** How it is called: `worker2 asked by manager through the mesh`. */
  readonly name: string
  /** IPv4. */
  readonly address: string
  readonly port: number
}

export interface WayCount {
  readonly way: string
  readonly asked: number
  readonly answered: number
  /** Refused, reset, unreachable, or answered with something else than the page. */
  readonly refused: number
  /** Not answered within the client's patience. */
  readonly silent: number
  /** Answers in a row until now. */
  readonly streak: number
}

/** A client that never stops asking, whatever becomes of the network, until it is disposed. */
export interface SteadyClient extends AsyncDisposable {
  /** As of a second ago at most. @throws SwarmproofError `CLIENT_ENDED` where it stopped asking */
  counts(): readonly WayCount[]
}

export interface SteadyClientOptions {
  readonly from: Origin
  readonly ways: readonly AskedWay[]
  readonly page: string
  readonly everyMs: number
  readonly patienceMs: number
}

const program = perlFile(import.meta.url, 'steady-client.pl')

/** Asks each way in turn, one request every `everyMs`; it ends with its connection, and nothing of it is left. */
export async function startSteadyClient(options: SteadyClientOptions): Promise<SteadyClient> {
  const { from, ways, page, everyMs, patienceMs } = options
  const words = [everyMs, patienceMs, namespaceOf(from), page]
  const command = perlFromInput(program, [...words, ...ways.map(({ address, port }) => `${address}:${port}`)])
  const process = await from.host.remote.spawn(command, { stdin: 'pipe' })
  process.stdin.on('error', () => undefined)
  process.stdin.write(program)
  return new RunningClient(from, ways, process)
}

function namespaceOf({ namespace }: Origin): string {
  if (namespace === 'host') return '-'
  return 'pid' in namespace ? `/proc/${namespace.pid}/ns/net` : namespace.path
}

class RunningClient implements SteadyClient {
  readonly #host: string
  readonly #process: RemoteProcess
  readonly #counts: WayCount[]
  #stderr = ''
  #ended: string | undefined
  #stopping = false

  constructor({ host }: Origin, ways: readonly AskedWay[], process: RemoteProcess) {
    this.#host = host.name
    this.#process = process
    this.#counts = ways.map(({ name }) => ({ way: name, ...nothing }))
    process.stderr.on('data', (chunk: Buffer) => (this.#stderr = (this.#stderr + String(chunk)).slice(-1000)))
    const read = readLines(process.stdout, (line) => this.#take(line))
    Promise.all([process.exited, read]).then(
      ([{ exitCode }]) => (this.#ended = `it ended with exit code ${exitCode}: ${this.#stderr.trim()}`),
      (error: unknown) => (this.#ended = messageOf(error)),
    )
  }

  counts(): readonly WayCount[] {
    if (this.#ended === undefined || this.#stopping) return [...this.#counts]
    throw new SwarmproofError({
      code: 'CLIENT_ENDED',
      what: 'the client that never stops asking has stopped',
      host: this.#host,
      observed: this.#ended,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    this.#process.stdin.end()
    await this.#process.stop()
  }

  #take(line: string): void {
    const numbers = /^way (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/.exec(line)?.slice(1).map(Number)
    const [index = -1, asked = 0, answered = 0, refused = 0, silent = 0, streak = 0] = numbers ?? []
    const known = this.#counts[index]
    if (known !== undefined)
      this.#counts[index] = { way: known.way, asked, answered, refused, silent, streak }
  }
}

const nothing = { asked: 0, answered: 0, refused: 0, silent: 0, streak: 0 }

/** Several as one. */
export function together(clients: readonly SteadyClient[]): SteadyClient {
  return {
    counts: () => clients.flatMap((client) => client.counts()),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(clients.map((client) => client[Symbol.asyncDispose]()))
    },
  }
}

/** What was asked and answered between two looks, by way. */
export function since(before: readonly WayCount[], now: readonly WayCount[]): readonly WayCount[] {
  return now.map((count, index) => {
    const was = before[index]
    const less = (key: 'asked' | 'answered' | 'refused' | 'silent'): number => count[key] - (was?.[key] ?? 0)
    return {
      ...{ way: count.way, asked: less('asked'), answered: less('answered') },
      ...{ refused: less('refused'), silent: less('silent'), streak: count.streak },
    }
  })
}

export interface AnsweredBound {
  readonly withinMs: number
  /** So many answers in a row on every way. */
  readonly inARow: number
  readonly signal: AbortSignal
}

/** Waits until every way is answered. @returns seconds; @throws SwarmproofError `BOUND_EXCEEDED` naming the ways that are not */
export async function answered(
  client: Pick<SteadyClient, 'counts'>,
  { withinMs, inARow, signal }: AnsweredBound,
): Promise<number> {
  const startedAt = performance.now()
  const before = client.counts()
  const what = `the client is answered ${inARow} times in a row on every way`
  await eventually({ what, withinMs, everyMs: 500, signal }, () => {
    const now = client.counts()
    const silent = since(before, now).filter(({ asked, streak }) => asked < inARow || streak < inARow)
    return Promise.resolve(
      silent.length === 0
        ? { ready: true, value: undefined }
        : { ready: false, seen: silent.map((one) => describeCount(one)).join('; ') },
    )
  })
  return Math.round((performance.now() - startedAt) / 100) / 10
}

/** `web by its VIP from worker2: 3 of 15 answered, 12 silent`. */
export function describeCount({ way, asked, answered: got, refused, silent }: WayCount): string {
  const rest = [
    ...(refused === 0 ? [] : [`${refused} refused`]),
    ...(silent === 0 ? [] : [`${silent} without an answer`]),
  ]
  return `${way}: ${[`${got} of ${asked} answered`, ...rest].join(', ')}`
}
