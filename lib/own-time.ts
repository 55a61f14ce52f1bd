import { AsyncLocalStorage } from 'node:async_hooks'

/** How long a piece of work took by itself, without what it waited for others to let it go on. */
export class OwnTime {
  readonly #startedAt = performance.now()
  #waiting = 0
  #waitingSince = 0
  #waitedMs = 0

  get ms(): number {
    const now = performance.now()
    return now - this.#startedAt - this.#waitedMs - (this.#waiting > 0 ? now - this.#waitingSince : 0)
  }

  /** Returns what ends the wait. */
  wait(): () => void {
    if (this.#waiting === 0) this.#waitingSince = performance.now()
    this.#waiting += 1
    return () => {
      this.#waiting -= 1
      if (this.#waiting === 0) this.#waitedMs += performance.now() - this.#waitingSince
    }
  }
}

const current = new AsyncLocalStorage<OwnTime>()

/** Does work whose own time is taken. */
export function takingOwnTime<T>(ownTime: OwnTime, work: () => T): T {
  return current.run(ownTime, work)
}

/** Says that the work that calls it waits for other work from now on; what it returns says that it goes on. */
export function waitForOthers(): () => void {
  return current.getStore()?.wait() ?? (() => undefined)
}
