import type { AgentEvent } from './agent.ts'

/** A datagram or connection that is sent, identified by a number of its own. */
export interface Shot {
  readonly id: number
  readonly from: string
  readonly to: string
}

/** What agents saw of one shot. */
export interface Sighting {
  /** Error number of sending or connecting; 0 if there was none, undefined until it is known. */
  errno?: number
  left: boolean
  arrived: boolean
  got: boolean
  connected: boolean
  /** Source address the receiver saw. */
  source?: string
  /** Local port of a connection. */
  dialledFrom?: number
}

/** Puts together what the agents of all hosts say of each shot. */
export class Sightings {
  readonly #shots = new Map<number, Shot & { readonly target: string; readonly port: number }>()
  readonly #seen = new Map<number, Sighting>()
  /** Of connections; one may be told before the port it was begun from. */
  readonly #syns: { readonly host: string; readonly words: readonly string[] }[] = []
  #woken: () => void = () => undefined

  expect(shot: Shot & { readonly target: string; readonly port: number }): void {
    this.#shots.set(shot.id, shot)
    this.#seen.set(shot.id, { left: false, arrived: false, got: false, connected: false })
  }

  of(id: number): Sighting {
    const found = this.#seen.get(id)
    if (found === undefined) throw new Error(`shot ${id} was never sent`)
    return found
  }

  /** Takes one line of one host's agent. */
  take(host: string, [verb, first = '', ...words]: AgentEvent): void {
    if (verb === 'syn') this.#syns.push({ host, words: [first, ...words] })
    else this.#mark(host, verb ?? '', Number(first), words)
    if (verb === 'syn' || verb === 'dial') for (const syn of this.#syns) this.#syn(syn.host, syn.words)
    this.#woken()
  }

  /** Resolves when `complete` holds, or after the limit. */
  async settle(complete: () => boolean, limitMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        this.#woken = () => undefined
        resolve()
      }
      const timer = setTimeout(end, limitMs)
      signal.addEventListener('abort', end)
      this.#woken = () => {
        if (complete()) end()
      }
      this.#woken()
    })
    signal.throwIfAborted()
  }

  #mark(host: string, verb: string, id: number, words: readonly string[]): void {
    const [shot, seen] = [this.#shots.get(id), this.#seen.get(id)]
    if (shot === undefined || seen === undefined) return
    if (verb === 'sent') seen.errno = Number(words[0])
    else if (verb === 'dial') seen.dialledFrom = Number(words[0])
    else if (verb === 'tcp') {
      seen.connected = words[0] === 'connected'
      seen.errno = Number(words[1])
    } else if (verb === 'out' && host === shot.from) seen.left = true
    else if ((verb === 'in' || verb === 'got') && host === shot.to) {
      seen.arrived = true
      if (verb === 'got') seen.got = true
      if (words[0] !== undefined) seen.source = words[0]
    }
  }

  /** A SYN carries no id: it is told by the ports, and by the target's address. */
  #syn(host: string, [direction, source = '', from, target, to]: readonly string[]): void {
    for (const shot of this.#shots.values()) {
      const seen = this.of(shot.id)
      const fits =
        seen.dialledFrom === Number(from) &&
        shot.port === Number(to) &&
        (shot.target === target || host === shot.to)
      if (!fits) continue
      if (direction === 'out' && host === shot.from) seen.left = true
      if (direction === 'in' && host === shot.to) {
        seen.arrived = true
        seen.source = source
      }
    }
  }
}
