import { EventEmitter, once } from 'node:events'
import type { Wake } from '../eventually.ts'
import type { EngineApi, EngineFilters } from './engine-api.ts'

/** An engine that does not begin to tell within this time is asked without it. */
const beginWithinMs = 15_000

/**
 * Hears the events of an engine that pass filters. It begins when it is first asked to, and again after its connection
 * was lost; what comes in between is missed. What events say is not looked at.
 */
export class EngineWatch implements Wake {
  readonly #engine: EngineApi
  readonly #filters: EngineFilters
  readonly #heard = new EventEmitter().setMaxListeners(0)
  #listening: Promise<void> | undefined
  /** It did not begin when it was last asked to. */
  #isMute = false

  constructor(engine: EngineApi, filters: EngineFilters) {
    this.#engine = engine
    this.#filters = filters
  }

  /** Where it did not begin before, it is tried again, and nobody waits for that: each of their looks would be late. */
  begin(): Promise<void> {
    this.#listening ??= this.#listen().then(
      () => void (this.#isMute = false),
      () => {
        this.#isMute = true
        this.#listening = undefined
      },
    )
    return this.#isMute ? Promise.resolve() : this.#listening
  }

  async next(signal: AbortSignal): Promise<void> {
    await once(this.#heard, 'event', { signal }).catch(() => undefined)
  }

  async #listen(): Promise<void> {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), beginWithinMs)
    const events = await this.#engine.events(this.#filters, limit.signal).finally(() => clearTimeout(timer))
    events.on('data', () => this.#heard.emit('event'))
    events.on('error', () => undefined)
    events.once('close', () => (this.#listening = undefined))
  }
}
