import { setTimeout as delay } from 'node:timers/promises'
import { messageOf, SwarmproofError } from './error.ts'
import { MissingPrerequisite } from './missing-prerequisite.ts'

/** Thrown by a look: waiting any longer does not help. */
export class Unhelped extends SwarmproofError {}

export interface Bound {
  /** What is awaited, as a clause: 'all tasks run'. */
  readonly what: string
  readonly withinMs: number
  /** Shortest pause between two looks. */
  readonly everyMs?: number
  readonly signal?: AbortSignal
  readonly host?: string
  /** By what the awaited shows; looks follow it closely then, and without it come at `everyMs`. */
  readonly wake?: Wake
}

/** Tells that there may be something to see. It may miss some of it, and what it tells proves nothing. */
export interface Wake {
  /** Resolves when it listens, or does so in vain; at once where it does. Never rejects. */
  begin(): Promise<void>
  /** Resolves when something is told from now on, or with the signal. Never rejects. */
  next(signal: AbortSignal): Promise<void>
}

/** After something was told: several that come together are one, and who is asked has heard of it, too. */
const settledMs = 200

/**
 * What a look found: ready with a value, or not yet, with what was seen instead. Where telling that is work for the
 * hosts it can be had when it is needed: once, when the bound has run out.
 */
export type Look<T> =
  | { readonly ready: true; readonly value: T }
  | { readonly ready: false; readonly seen: string | (() => Promise<string>) }

/**
 * Looks until ready. When the bound runs out the error states it and quotes the last look. A look that fails is
 * "not yet": an engine under load refuses to answer now and then. What is lacking does not come by waiting, nor does
 * anything of a host that this run has let go of. Between two looks there is at least as long a pause as the first took:
 * looking is work for the hosts, too, and must not be what keeps them from getting ready.
 */
export async function eventually<T>(bound: Bound, look: () => Promise<Look<T>>): Promise<T> {
  const startedAt = performance.now()
  const slowMs = bound.everyMs ?? 500
  let everyMs = slowMs
  for (;;) {
    bound.signal?.throwIfAborted()
    await bound.wake?.begin()
    const pause = new AbortController()
    // From before the look: what it just misses is told.
    const told = bound.wake?.next(pause.signal)
    const lookedAt = performance.now()
    const seen = await look().catch((error: unknown): Look<T> => {
      bound.signal?.throwIfAborted()
      if (error instanceof MissingPrerequisite || error instanceof Unhelped || isOfEnded(error)) throw error
      return { ready: false, seen: messageOf(error) }
    })
    try {
      if (seen.ready) return seen.value
      if (performance.now() - startedAt > bound.withinMs) throw boundExceeded(bound, await inWords(seen.seen))
      const lookMs = performance.now() - lookedAt
      const isTold = await pauseUntil(told, Math.max(everyMs, lookMs), Math.max(settledMs, lookMs), bound)
      everyMs = isTold ? Math.min(settledMs, slowMs) : Math.min(2 * everyMs, slowMs)
    } finally {
      pause.abort()
    }
  }
}

/** Its Remote was disposed, or is not connected again after an interruption; an engine’s client has that as its cause. */
const isOfEnded = (error: unknown): boolean =>
  error instanceof SwarmproofError &&
  (error.code === 'REMOTE_CLOSED' || error.code === 'INTERRUPTED' || isOfEnded(error.cause))

/** Whether something was told before the time was over; then a while after it. */
async function pauseUntil(
  told: Promise<void> | undefined,
  longestMs: number,
  afterMs: number,
  { signal }: Bound,
): Promise<boolean> {
  const over = new AbortController()
  const ends = AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])])
  const time = delay(longestMs, false, { signal: ends })
  try {
    const isTold = await Promise.race([time, ...(told === undefined ? [] : [told.then(() => true)])])
    if (isTold) await delay(afterMs, undefined, signal === undefined ? {} : { signal })
    return isTold
  } finally {
    over.abort()
    time.catch(() => undefined)
  }
}

async function inWords(seen: string | (() => Promise<string>)): Promise<string> {
  return typeof seen === 'string' ? seen : seen().catch(messageOf)
}

function boundExceeded(bound: Bound, seen: string): SwarmproofError {
  return new SwarmproofError({
    code: 'BOUND_EXCEEDED',
    what: `${bound.what}: not within ${bound.withinMs / 1000} s`,
    ...(bound.host === undefined ? {} : { host: bound.host }),
    observed: seen,
  })
}
