import { setTimeout as delay } from 'node:timers/promises'
import { NeverObserved } from './inconclusive.ts'
import { MissingPrerequisite } from './missing-prerequisite.ts'
import type { Polled, PolledLook } from './observation/polled.ts'

export interface PollOptions {
  /** What is awaited, as a clause: 'the change shows'. */
  readonly what: string
  readonly withinMs: number
  /** Shortest pause between two looks; 500 by default. There is at least as long a pause as the last look took. */
  readonly everyMs?: number
  readonly signal?: AbortSignal
  /** For tests. */
  readonly clock?: Clock
}

export interface Clock {
  /** Milliseconds. */
  now(): number
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>
}

export const wallClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
}

/**
 * Looks again and again until what is seen has no problem any more, or the bound runs out, and keeps what was seen:
 * the first look, the last, and each that differed from the one before. What a look returns is plain JSON; `problemsOf`
 * is a pure function, the same that the judgement applies to what was kept. A look that throws is no look; what is
 * lacking does not come by waiting, and neither does code of ours that is wrong.
 *
 * @throws NeverObserved when no look came to its end
 */
export async function poll<S>(
  { what, withinMs, everyMs = 500, signal, clock = wallClock }: PollOptions,
  look: () => Promise<S>,
  problemsOf: (seen: S) => readonly unknown[],
): Promise<Polled<S>> {
  const startedAt = clock.now()
  const seconds = (): number => Math.round((clock.now() - startedAt) / 100) / 10
  const looks: PolledLook<S>[] = []
  let latest: PolledLook<S> | undefined
  let failure: unknown
  let failedLooks = 0
  let previous = ''
  const ended = (last: PolledLook<S>, reached: boolean): Polled<S> => {
    if (looks.at(-1) !== last) looks.push(last)
    return {
      reached,
      seconds: last.atSeconds,
      withinSeconds: withinMs / 1000,
      looks,
      failedLooks,
      last: last.seen,
    }
  }
  for (;;) {
    signal?.throwIfAborted()
    const lookedAt = clock.now()
    try {
      const seen = await look()
      latest = { atSeconds: seconds(), seen }
      const text = JSON.stringify(seen)
      if (looks.length === 0 || text !== previous) looks.push(latest)
      previous = text
      if (problemsOf(seen).length === 0) return ended(latest, true)
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof MissingPrerequisite || isDefect(error)) throw error
      failedLooks += 1
      failure = error
    }
    if (clock.now() - startedAt > withinMs) {
      if (latest === undefined) throw new NeverObserved(what, withinMs, failure)
      return ended(latest, false)
    }
    await clock.sleep(Math.max(everyMs, clock.now() - lookedAt), signal)
  }
}

/** What the language throws where our own code is wrong, as against what hosts, engines and connections throw. */
function isDefect(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError
}
