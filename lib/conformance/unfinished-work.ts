import { setTimeout as delay } from 'node:timers/promises'

/** Work that may go on when whoever began it waits for it no more, such as removing what it created. */
export class UnfinishedWork {
  readonly #going = new Set<Promise<void>>()

  readonly add = (work: Promise<unknown>): void => {
    const ended = (): void => void this.#going.delete(over)
    const over: Promise<void> = work.then(ended, ended)
    this.#going.add(over)
  }

  /** @returns whether all of it has ended, within the bound */
  async ended(withinMs: number): Promise<boolean> {
    if (this.#going.size === 0) return true
    const bound = new AbortController()
    const late = delay(withinMs, undefined, { signal: bound.signal }).catch(() => undefined)
    await Promise.race([Promise.all(this.#going), late])
    bound.abort()
    return this.#going.size === 0
  }
}
