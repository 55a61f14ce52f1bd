import { Agent } from 'node:http'
import type { Duplex } from 'node:stream'

/** Requests go over one connection, one after another; it is kept, and made again when it was lost. */
export class EngineAgent extends Agent {
  readonly #dial: () => Duplex

  constructor(dial: () => Duplex) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 })
    this.#dial = dial
  }

  /** At once, though it still has to be made: Node counts connections when it has them. */
  override createConnection(): Duplex {
    return Object.assign(this.#dial(), { ref: () => undefined })
  }

  /** What Node does here wants a socket of the kernel; of `reuseSocket` that is `ref` alone. */
  override keepSocketAlive(): boolean {
    return true
  }
}
