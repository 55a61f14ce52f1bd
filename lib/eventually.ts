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
}

/**
 * What a look found: ready with a value, or not yet, with what was seen instead. Where telling that is work for the
 * hosts it can be had when it is needed: once, when the bound has run out.
 */
export type Look<T> =
  | { readonly ready: true; readonly value: T }
  | { readonly ready: false; readonly seen: string | (() => Promise<string>) }

/**
 * Looks until ready. When the bound runs out the error states it and quotes the last look. A look that fails is
 * "not yet": an engine under load refuses to answer now and then. What is lacking does not come by waiting. Between two
 * looks there is at least as long a pause as the first took: looking is work for the hosts, too, and must not be what
 * keeps them from getting ready.
 */
export async function eventually<T>(bound: Bound, look: () => Promise<Look<T>>): Promise<T> {
  const startedAt = performance.now()
  for (;;) {
    bound.signal?.throwIfAborted()
    const lookedAt = performance.now()
    const seen = await look().catch((error: unknown): Look<T> => {
      bound.signal?.throwIfAborted()
      if (error instanceof MissingPrerequisite || error instanceof Unhelped) throw error
      return { ready: false, seen: messageOf(error) }
    })
    if (seen.ready) return seen.value
    if (performance.now() - startedAt > bound.withinMs) throw boundExceeded(bound, await told(seen.seen))
    const pauseMs = Math.max(bound.everyMs ?? 500, performance.now() - lookedAt)
    await delay(pauseMs, undefined, bound.signal ? { signal: bound.signal } : {})
  }
}

async function told(seen: string | (() => Promise<string>)): Promise<string> {
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
