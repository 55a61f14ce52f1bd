import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { gatherMissing, missingTool } from '../missing-tool.ts'
import { readLines } from '../remote/bounded-lines.ts'
import type { RemoteProcess } from '../remote/remote.ts'
import { perlFile, perlFromInput } from '../script-file.ts'
import type { BurstCounts, BurstFlow, BurstHost, BurstLoad, BurstSeen } from './burst.ts'
import { type BurstReport, burstPlans, readBurstLine } from './burst-protocol.ts'
import { responderNonce } from './nonce.ts'

/**
 * Sends all flows at the same time, each at its own steady rate, and counts at both ends: one remote process a host,
 * Perl as of the agent. Ends itself if whoever started it is gone.
 *
 * @throws SwarmproofError `PROBE_AGENT` where a program could not finish: then nothing is known of the network
 */
export async function sendBursts(flows: readonly BurstFlow[], load: BurstLoad): Promise<BurstSeen> {
  const hosts = new Map(
    flows.flatMap(({ from, to }) => [from.host, to.host]).map((host) => [host.name, host]),
  )
  const program = perlFile(import.meta.url, 'burst.pl')
  const ends: BurstEnd[] = []
  try {
    const started = await Promise.allSettled(
      burstPlans(flows, load, responderNonce()).map(async ({ host: name, lines }) => {
        const host = hosts.get(name)
        if (host === undefined) throw new Error(`no host ${name} among the flows`)
        const process = await host.remote.spawn(perlFromInput(program), { stdin: 'pipe' })
        const end = new BurstEnd(host, process)
        ends.push(end)
        process.stdin.write(program + lines.map((line) => `${line}\n`).join(''))
        await end.until('ready')
      }),
    )
    const failed = started.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
    if (failed.length > 0) throw gatherMissing(failed)
    for (const order of ['go', 'tell'] as const) {
      for (const end of ends) end.say(order)
      await Promise.all(ends.map((end) => end.until(order === 'go' ? 'sent' : 'done')))
    }
    return gathered(flows, ends)
  } finally {
    await Promise.allSettled(ends.map((end) => end.stop()))
  }
}

type Word = 'ready' | 'sent' | 'done'

/** The program on one host. */
class BurstEnd {
  readonly host: Host
  readonly reports: BurstReport[] = []
  readonly #process: RemoteProcess
  readonly #said = new Set<string>()
  readonly #waiting = new Map<Word, { resolve: () => void; reject: (error: Error) => void }>()
  #failure: Error | undefined
  #stderr = ''

  constructor(host: Host, process: RemoteProcess) {
    this.host = host
    this.#process = process
    process.stderr.on('data', (chunk: Buffer) => (this.#stderr = (this.#stderr + String(chunk)).slice(-4096)))
    process.stdin.on('error', () => undefined)
    const read = readLines(process.stdout, (line) => this.#take(line))
    Promise.all([process.exited, read]).then(
      ([{ exitCode }]) =>
        exitCode === 127
          ? this.#fail(missingTool('perl', host.name))
          : this.#broke(`it ended with exit code ${exitCode}: ${this.#stderr.trim() || 'no reason given'}`),
      (error: unknown) => this.#broke('its connection was lost', error),
    )
  }

  say(order: string): void {
    this.#process.stdin.write(`${order}\n`)
  }

  until(word: Word): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure)
      else if (this.#said.has(word)) resolve()
      else this.#waiting.set(word, { resolve, reject })
    })
  }

  async stop(): Promise<void> {
    this.#process.stdin.end('stop\n')
    await this.#process.stop()
  }

  #take(line: string): void {
    const report = readBurstLine(line)
    if (report !== undefined) this.reports.push(report)
    else if (line === 'ready' || line === 'sent' || line === 'done') {
      this.#said.add(line)
      this.#waiting.get(line)?.resolve()
    } else this.#broke(line.startsWith('broken ') ? line.slice(7, 300) : `it said '${line.slice(0, 200)}'`)
  }

  #broke(observed: string, cause?: unknown): void {
    this.#fail(
      new SwarmproofError({
        code: 'PROBE_AGENT',
        what: 'the program that sends bursts could not finish',
        host: this.host.name,
        observed,
        hint: 'nothing is known about the network from this call; run it again',
        cause,
      }),
    )
  }

  /** The first reason stands. */
  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
  }
}

const nothingArrived = { received: 0, distinct: 0, overtaken: 0 }

function gathered(flows: readonly BurstFlow[], ends: readonly BurstEnd[]): BurstSeen {
  const hosts: Record<string, BurstHost> = {}
  const sent = new Map<number, Pick<BurstCounts, 'sent' | 'refused' | 'answered' | 'roundTripMs'>>()
  const arrived = new Map<number, Pick<BurstCounts, 'received' | 'distinct' | 'overtaken'>>()
  for (const { host, reports } of ends)
    for (const report of reports) {
      if (report.what === 'host') hosts[host.name] = report.host
      else if (report.what === 'flow') sent.set(report.id, report.counts)
      // Only where it was to arrive.
      else if (flows[report.id]?.to.host === host) arrived.set(report.id, report.counts)
    }
  return {
    hosts,
    flows: flows.map(({ from }, id) => {
      const own = sent.get(id)
      if (own === undefined) throw new Error(`${from.host.name} said nothing of flow ${id}`)
      return { ...own, ...(arrived.get(id) ?? nothingArrived) }
    }),
  }
}
