import { setTimeout as delay } from 'node:timers/promises'

const shortestPauseMs = 300

/**
 * Between two rounds of clients that go on: as long as the last round took, so that asking does not keep a slow host from what is
 * waited for, and a fast one is asked often. `begunAt` is of `performance.now()`.
 */
export async function pauseAfter(begunAt: number, signal: AbortSignal): Promise<void> {
  await delay(Math.max(shortestPauseMs, performance.now() - begunAt), undefined, { signal })
}
