import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, SwarmproofError } from '../lib/error.ts'
import { eventually } from '../lib/eventually.ts'
import type { Fault } from '../lib/fault/fault.ts'
import type { FaultStep } from '../lib/fault/fault-sequence.ts'
import { traceChanges, type Traces } from './lab-traces.ts'
import type { RandomFaultsOptions } from './random-faults-options.ts'
import type { Broken, Invariant, RandomFaultsResult, StepTaken } from './random-faults-result.ts'
import { answered, since, type WayCount } from './steady-client.ts'

const inARow = 5
const usualTracesWithinMs = 15_000

/** What stands, what was seen, and what broke first. Whoever begins it removes all and ends it. */
export class RandomFaultsSession {
  broken: Broken | undefined
  readonly #options: RandomFaultsOptions
  readonly #standing = new Map<string, Awaited<ReturnType<Fault['plant']>>>()
  readonly #taken: StepTaken[] = []
  readonly #notRemoved: string[] = []
  #before: Traces = []
  #counted: readonly WayCount[] = []

  constructor(options: RandomFaultsOptions) {
    this.#options = options
  }

  async begin(): Promise<void> {
    this.#before = await this.#options.traces()
    await this.#answered(0)
    this.#counted = this.#options.client.counts()
  }

  async take(step: FaultStep): Promise<void> {
    const startedAt = new Date()
    const went = await this.#act(step)
    await sleep(this.#options.watchMs, undefined, { signal: this.#options.signal }).catch(() => undefined)
    const { aborted } = this.#options.signal
    if (went.outcome === 'failed' && !aborted)
      this.#break(step.step, `${step.action} ${step.fault}: ${went.observed ?? ''}`)
    else if (this.#standing.size === 0 && !aborted) await this.#quiet(step.step)
    const counts = this.#counts(step.step)
    const taken = {
      ...{ ...step, ...went, startedAt: startedAt.toISOString() },
      seconds: Math.round((Date.now() - startedAt.getTime()) / 100) / 10,
      client: since(this.#counted, counts),
    }
    this.#counted = counts
    this.#taken.push(taken)
    this.#options.onStep(taken)
  }

  async removeAll(): Promise<void> {
    for (const [name, planted] of [...this.#standing].reverse()) {
      this.#standing.delete(name)
      try {
        await planted.remove()
      } catch (error) {
        this.#left(name, inOneLine(error))
      }
    }
  }

  async end(): Promise<RandomFaultsResult> {
    const invariants: Invariant[] = [invariant('everything planted was removed', this.#notRemoved)]
    const add = async (what: string, look: () => Promise<readonly string[]>): Promise<void> => {
      const { signal } = this.#options
      if (signal.aborted) return
      const broken = await look().catch((error: unknown) => [inOneLine(error)])
      // What an abort cut short is not known.
      if (!signal.aborted) invariants.push(invariant(what, broken))
    }
    await add('kernels hold what they held before', () => this.#leftTraces())
    await add('the lab is as before', () => this.#options.changes())
    const { answeredWithinMs } = this.#options
    await add(`the client is answered on every way within ${answeredWithinMs / 1000} s`, async () => {
      await this.#waitForAnswers()
      return []
    })
    await add('quick passes', () => this.#options.verify())
    const last = this.#taken.at(-1)?.step ?? 0
    for (const { what, held, observed } of invariants) if (!held) this.#break(last, `${what}: ${observed}`)
    return { taken: this.#taken, invariants, broken: this.broken, client: this.#counts(last) }
  }

  async #act({ action, fault: name }: FaultStep): Promise<Pick<StepTaken, 'host' | 'outcome' | 'observed'>> {
    const planted = this.#standing.get(name)
    try {
      if (action === 'plant') {
        const fault = this.#options.pool.find((one) => one.name === name)
        if (fault === undefined) throw new RangeError(`no fault ${name}`)
        const now = await this.#options.plant(fault)
        this.#standing.set(name, now)
        return { host: now.host, outcome: 'done' }
      }
      // One that could not be planted here has nothing to remove.
      if (planted === undefined) return { host: '', outcome: 'impossible here' }
      this.#standing.delete(name)
      await planted.remove()
      return { host: planted.host, outcome: 'done' }
    } catch (error) {
      const observed = inOneLine(error)
      if (action === 'plant' && error instanceof SwarmproofError && error.code === 'FAULT_IMPOSSIBLE')
        return { host: '', outcome: 'impossible here', observed }
      if (action === 'remove') this.#left(name, observed)
      return { host: planted?.host ?? '', outcome: 'failed', observed }
    }
  }

  /** Nothing is planted: what is seen now was left by the steps until here. */
  async #quiet(step: number): Promise<void> {
    const left = await this.#leftTraces().catch((error: unknown) => [inOneLine(error)])
    if (this.#options.signal.aborted) return
    if (left.length > 0) return this.#break(step, `kernels hold what they held before: ${told(left)}`)
    await this.#answered(step)
  }

  async #answered(step: number): Promise<void> {
    await this.#waitForAnswers().catch((error: unknown) => {
      // What an abort cuts short says nothing.
      if (!this.#options.signal.aborted) this.#break(step, inOneLine(error))
    })
  }

  async #waitForAnswers(): Promise<void> {
    const { client, answeredWithinMs: withinMs, signal } = this.#options
    await answered(client, { withinMs, inARow, signal })
  }

  async #leftTraces(): Promise<string[]> {
    let left: string[] = []
    const { tracesWithinMs: withinMs = usualTracesWithinMs } = this.#options
    const bound = {
      what: 'nothing is left',
      withinMs,
      everyMs: 1000,
      signal: this.#options.signal,
    }
    await eventually(bound, async () => {
      left = traceChanges(this.#before, await this.#options.traces())
      return left.length === 0 ? { ready: true, value: undefined } : { ready: false, seen: told(left) }
    }).catch((error: unknown) => {
      if (left.length === 0) throw error
    })
    return left
  }

  #left(name: string, why: string): void {
    const { signal, disposed = false } = this.#options
    if (!(signal.aborted && disposed)) this.#notRemoved.push(`${name}: ${why}`)
  }

  #counts(step: number): readonly WayCount[] {
    try {
      return this.#options.client.counts()
    } catch (error) {
      this.#break(step, inOneLine(error))
      return this.#counted
    }
  }

  #break(step: number, what: string): void {
    this.broken ??= { step, what }
  }
}

function invariant(what: string, broken: readonly string[]): Invariant {
  return { what, held: broken.length === 0, observed: told(broken) }
}

function told(all: readonly string[]): string {
  return `${all.slice(0, 5).join('; ')}${all.length > 5 ? `; and ${all.length - 5} more` : ''}`
}

function inOneLine(error: unknown): string {
  return messageOf(error)
    .split('\n')
    .map((line) => line.trim())
    .join('; ')
}
