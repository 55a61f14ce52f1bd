import { mayOverlap } from './overlap.ts'
import type { OverlapBounds } from './overlap-bounds.ts'
import type { Pace } from './pace.ts'
import type { ConformanceTest } from './test.ts'

export interface VerifyingAheadOptions<T> {
  /** As `verificationWaves` gives them. */
  readonly waves: readonly (readonly ConformanceTest[])[]
  readonly bounds: OverlapBounds
  /** Asked before a requirement is begun. */
  readonly pace?: Pick<Pace, 'before' | 'oneAtATime'>
  readonly verify: (test: ConformanceTest) => Promise<T>
  /** Called with what is under way, whenever that changes. */
  readonly onUnderWay?: (tests: readonly ConformanceTest[]) => void
}

interface Awaited<T> {
  readonly result: Promise<T | undefined>
  readonly settle: (result: T | undefined) => void
  readonly fail: (error: unknown) => void
}

/**
 * Verifies requirements side by side where they may overlap, ahead of whoever asks for them one after another. It begins
 * with the first question. Where one throws, no more are begun.
 */
export class VerifyingAhead<T> {
  readonly #options: VerifyingAheadOptions<T>
  readonly #waves: ConformanceTest[][]
  readonly #awaited = new Map<ConformanceTest, Awaited<T>>()
  readonly #underWay = new Map<ConformanceTest, Promise<void>>()
  #stopped = false
  /** The pace was asked, and has not answered yet. */
  #asking = false

  constructor(options: VerifyingAheadOptions<T>) {
    this.#options = options
    this.#waves = options.waves.map((wave) => [...wave])
    for (const test of this.#waves.flat()) this.#awaited.set(test, awaited())
  }

  /** What came of it; undefined where it was never begun. @throws what its verification threw */
  of(test: ConformanceTest): Promise<T | undefined> {
    const known = this.#awaited.get(test)
    if (known === undefined) throw new Error(`${test.id} is in no wave`)
    this.#begin()
    return known.result
  }

  /** Begins no more; what is under way comes to its end. */
  stop(): void {
    this.#stopped = true
    for (const test of this.#waves.flat()) this.#awaited.get(test)?.settle(undefined)
    this.#waves.length = 0
  }

  /** When nothing is under way any more. */
  async ended(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.values())
  }

  #begin(): void {
    if (this.#stopped || this.#asking) return
    while (this.#underWay.size === 0 && this.#waves[0]?.length === 0) this.#waves.shift()
    if (this.#waves[0]?.some((test) => this.#fits(test)) !== true) return
    const ready = this.#options.pace?.before([...this.#underWay.keys()])
    if (ready === undefined) return this.#beginThoseThatFit()
    this.#asking = true
    void ready.then(() => {
      this.#asking = false
      this.#beginThoseThatFit()
    })
  }

  #beginThoseThatFit(): void {
    const [wave = []] = this.#waves
    const before = this.#underWay.size
    for (const test of [...wave]) {
      if (!this.#fits(test)) continue
      wave.splice(wave.indexOf(test), 1)
      this.#underWay.set(test, this.#verify(test))
    }
    if (this.#underWay.size > before) this.#tell()
  }

  #fits(test: ConformanceTest): boolean {
    const { bounds, pace } = this.#options
    const requirements = pace?.oneAtATime === true ? 1 : bounds.requirements
    return fitsBeside(test, [...this.#underWay.keys()], { ...bounds, requirements })
  }

  async #verify(test: ConformanceTest): Promise<void> {
    const { settle, fail } = this.#awaited.get(test) ?? awaited<T>()
    // Not before it is known to be under way.
    await Promise.resolve()
    try {
      settle(await this.#options.verify(test))
    } catch (error) {
      fail(error)
      this.stop()
    }
    this.#underWay.delete(test)
    this.#tell()
    this.#begin()
  }

  #tell(): void {
    this.#options.onUnderWay?.([...this.#underWay.keys()])
  }
}

/** Whether it may be begun while these others are verified. */
export function fitsBeside(
  test: ConformanceTest,
  others: readonly ConformanceTest[],
  bounds: OverlapBounds,
): boolean {
  const tasks = [test, ...others].reduce((sum, { ownTasks = 0 }) => sum + ownTasks, 0)
  return (
    others.length === 0 ||
    (others.length < bounds.requirements &&
      tasks <= bounds.tasks &&
      others.every((other) => mayOverlap(test, other)))
  )
}

function awaited<T>(): Awaited<T> {
  let settle: Awaited<T>['settle'] = () => undefined
  let fail: Awaited<T>['fail'] = () => undefined
  const result = new Promise<T | undefined>((resolve, reject) => {
    settle = resolve
    fail = reject
  })
  // Whoever asks later gets it; until then it must not end the process.
  result.catch(() => undefined)
  return { result, settle, fail }
}
