/**
 * Lets what is under way on a lab come to its end before the lab is changed beneath it, and has each such change made
 * once, however many ask for it.
 */
export class Standstill {
  #moving = 0
  #asking = 0
  #changing = false
  #wake: (() => void)[] = []

  /** Does `work`, which the lab must stand still for; not before a change that is asked for was made. */
  async moving<T>(work: () => Promise<T>): Promise<T> {
    while (this.#changing || this.#asking > 0) await this.#woken()
    this.#moving += 1
    try {
      return await work()
    } finally {
      this.#moving -= 1
      this.#look()
    }
  }

  /**
   * Makes a change, from within what is `moving`, once everything else has come to its end or asks for one, too. Does
   * nothing where it is not wanted any more by then: another has made it.
   */
  async change(isWanted: () => boolean, make: () => Promise<void>): Promise<void> {
    this.#moving -= 1
    this.#asking += 1
    this.#look()
    try {
      while (this.#changing || this.#moving > 0) {
        if (!this.#changing && !isWanted()) return
        await this.#woken()
      }
      if (!isWanted()) return
      this.#changing = true
      try {
        await make()
      } finally {
        this.#changing = false
      }
    } finally {
      this.#asking -= 1
      this.#moving += 1
      this.#look()
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => void this.#wake.push(resolve))
  }

  #look(): void {
    const waiting = this.#wake
    this.#wake = []
    for (const wake of waiting) wake()
  }
}
