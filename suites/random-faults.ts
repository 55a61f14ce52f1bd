import { faultSequence } from '../lib/fault/fault-sequence.ts'
import type { RandomFaultsOptions } from './random-faults-options.ts'
import type { RandomFaultsResult } from './random-faults-result.ts'
import { RandomFaultsSession } from './random-faults-session.ts'

/**
 * Plants and removes the faults of a seed's sequence while a client asks, and checks whenever nothing is planted that
 * nothing is left and the client is answered. The first thing that breaks ends the sequence. Whatever happens, also on
 * abort, everything planted is removed.
 */
export async function randomFaults(options: RandomFaultsOptions): Promise<RandomFaultsResult> {
  const session = new RandomFaultsSession(options)
  const sequence = faultSequence(
    options.seed,
    options.steps,
    options.pool.map(({ name }) => name),
  )
  try {
    await session.begin()
    for (const step of sequence) {
      if (session.broken !== undefined || options.signal.aborted) break
      await session.take(step)
    }
  } finally {
    await session.removeAll()
  }
  return session.end()
}
