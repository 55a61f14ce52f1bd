import { SwarmproofError } from '../error.ts'
import { type Look, eventually } from '../eventually.ts'
import { type Progress, step } from '../progress.ts'
import { differences, isLasting, type LabCondition } from './lab-condition.ts'

export interface ProofOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** How long what may still come back is waited for. */
  readonly recoverWithinMs?: number
}

/** As long as putting the lab back takes: waiting longer gains nothing. */
const usualRecoverWithinMs = 10_000

/**
 * Proves that a lab is as it was, and waits a while for what may come back by itself.
 *
 * @returns what is not as before, in words; empty when nothing is
 */
export async function changesSince(
  before: LabCondition,
  read: () => Promise<LabCondition>,
  { progress, signal, recoverWithinMs = usualRecoverWithinMs }: ProofOptions,
): Promise<string[]> {
  let seen: string[] = ['it could not be looked at']
  const look = async (): Promise<Look<void>> => {
    const now = await read()
    seen = differences(before, now)
    // What lasts is told by `seen`; there is nothing to wait for.
    if (seen.length === 0 || isLasting(before, now)) return { ready: true, value: undefined }
    return { ready: false, seen: seen.join('; ') }
  }
  const bound = { what: 'the lab is as before', withinMs: recoverWithinMs, everyMs: 1000, signal }
  await step(progress, 'Proving the lab unchanged', undefined, async (current) => {
    await eventually(bound, look).catch((error: unknown) => {
      if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED')) throw error
      if (seen.length === 0) seen = [error.message]
    })
    current.update(seen.length === 0 ? 'it is as before' : (seen[0] ?? ''))
  })
  return seen
}

/** The first of them, for one line. */
export function changesTold(changes: readonly string[]): string {
  return `${changes.slice(0, 3).join('; ')}${changes.length > 3 ? `; and ${changes.length - 3} more` : ''}`
}
