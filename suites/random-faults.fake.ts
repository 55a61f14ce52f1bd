import type { Fault } from '../lib/fault/fault.ts'
import type { RandomFaultsOptions } from './random-faults-options.ts'
import type { RandomFaultsResult } from './random-faults-result.ts'
import { randomFaults } from './random-faults.ts'
import type { WayCount } from './steady-client.ts'

export const names = ['esp-dropped', 'hop-off-ttl', 'name-known-to-host', 'vxlan-not-sent']

// Whose sequence is quiet before its end, and plants two at once.
export const [seed, steps] = ['8', 8]

/** A lab whose kernels hold one line for each fault that stands, and a client that is answered while none does. */
export class Stage {
  readonly planted = new Set<string>()
  readonly signal = new AbortController()
  readonly done: string[] = []
  /** Behaviour of single faults, by name. */
  readonly plants = new Map<string, () => void>()
  readonly removes = new Map<string, () => void>()
  readonly left: string[] = []
  answers = (): boolean => this.planted.size === 0
  counts: () => readonly WayCount[] = () => {
    const answered = this.answers()
    this.#asked += 10
    if (answered) this.#answered += 10
    this.#streak = answered ? this.#streak + 10 : 0
    const [asked, got, streak] = [this.#asked, this.#answered, this.#streak]
    return [{ way: 'the mesh', asked, answered: got, refused: asked - got, silent: 0, streak }]
  }
  changes: readonly string[] = []
  failing: readonly string[] = []
  #asked = 0
  #answered = 0
  #streak = 0

  run(more: Partial<RandomFaultsOptions> = {}): Promise<RandomFaultsResult> {
    const pool = names.map((name): Fault => ({
      name,
      description: '',
      breaks: [],
      unnamed: 'of a test',
      plant: () => this.#plant(name),
    }))
    return randomFaults({
      ...{ seed, steps, pool, signal: this.signal.signal, watchMs: 1, answeredWithinMs: 40 },
      plant: (fault) => fault.plant({} as never),
      client: { counts: () => this.counts(), [Symbol.asyncDispose]: () => Promise.resolve() },
      traces: () =>
        Promise.resolve(['a rule', ...this.left, ...[...this.planted].map((name) => `of ${name}`)]),
      changes: () => Promise.resolve(this.changes),
      verify: () => Promise.resolve(this.failing),
      onStep: () => undefined,
      tracesWithinMs: 20,
      ...more,
    })
  }

  #plant(name: string): ReturnType<Fault['plant']> {
    this.plants.get(name)?.()
    this.planted.add(name)
    this.done.push(`plant ${name}`)
    return Promise.resolve({
      host: 'worker2',
      remove: () => {
        this.removes.get(name)?.()
        this.planted.delete(name)
        this.done.push(`remove ${name}`)
        return Promise.resolve()
      },
    })
  }
}
