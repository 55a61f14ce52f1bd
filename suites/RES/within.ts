import { expect } from 'chai'
import { SwarmproofError } from '../../lib/error.ts'
import { eventually, type Look } from '../../lib/eventually.ts'

/**
 * Waits as a test waits for the network: when the bound runs out, that is the network's failure.
 * Returns the seconds it took.
 */
export async function within(
  what: string,
  withinMs: number,
  signal: AbortSignal,
  look: () => Promise<Look<void>>,
): Promise<number> {
  const startedAt = performance.now()
  await eventually({ what, withinMs, signal, everyMs: 1000 }, look).catch((error: unknown) => {
    if (error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED') expect.fail(error.message)
    throw error
  })
  return Math.round((performance.now() - startedAt) / 100) / 10
}
