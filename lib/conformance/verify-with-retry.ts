import { setTimeout as delay } from 'node:timers/promises'
import type { Attempt, Lost, Repeated } from './verdict.ts'
import type { Verification } from './verify.ts'

export interface VerifyWithRetryOptions {
  readonly once: () => Promise<Verification>
  /** What the lab lost since it was seen first, by itself. */
  readonly lost: () => Promise<readonly Lost[]>
  /**
   * Gives what begins a new generation, so that everything is captured again; undefined where this one must not run
   * twice, or that was done too often.
   */
  readonly captureAgain: () => (() => void) | undefined
  /**
   * Gives what puts the lab back as it was saved, or, of a lab that is its owner's, reads the stack again as it is now:
   * a new generation. Undefined where that was done too often.
   */
  readonly readAgain: () => ((lost: readonly Lost[]) => Promise<void>) | undefined
  /**
   * Gives what waits until the hosts are starved no more, and begins a new generation then; false where they stay so.
   * Undefined where this one must not run twice, or that was done too often.
   */
  readonly calmAgain?: () => (() => Promise<boolean>) | undefined
  /** For tests. */
  readonly lookAgainMs?: number
}

export interface RetriedVerification {
  /** The last one, which counts. */
  readonly verification: Verification
  readonly attempts: readonly Attempt[]
}

const usualLookAgainMs = 5000

/**
 * Verifies, and once more
 *
 * - with captures taken again where one may have missed packets: on a busy host the kernel drops some before tcpdump
 *   gets them;
 * - with the lab put back, or its stack read again, where the verdict is a bad one and the lab lost nodes or tasks under
 *   it: a verdict about tasks that are gone says nothing of the requirement;
 * - once the hosts are starved no more, where what was missed may only have been late.
 *
 * A lab that lost something under the last attempt, too, gives no `fail`.
 */
export async function verifyWithRetry(options: VerifyWithRetryOptions): Promise<RetriedVerification> {
  const attempts: Attempt[] = []
  const attempt = async (): Promise<Verification & { readonly startedAt: string; readonly ms: number }> => {
    const startedAt = new Date().toISOString()
    const began = performance.now()
    return { ...(await options.once()), startedAt, ms: Math.round(performance.now() - began) }
  }
  let current = await attempt()
  const captureAgain = current.captureIncomplete ? options.captureAgain() : undefined
  if (captureAgain !== undefined) {
    attempts.push(attemptOf(current, { because: 'capture-incomplete', lost: [] }))
    captureAgain()
    current = await attempt()
  }
  let lost = await lostUnder(current, options)
  const readAgain = lost.length > 0 ? options.readAgain() : undefined
  if (readAgain !== undefined) {
    attempts.push(attemptOf(current, { because: 'swarm-moved', lost }))
    await readAgain(lost)
    current = await attempt()
    lost = await lostUnder(current, options)
  }
  // What failed all the same is proved, and stands.
  const proves = current.verdict.outcome !== 'inconclusive'
  const calmAgain =
    lost.length > 0 || proves || current.starved === undefined ? undefined : options.calmAgain?.()
  if (calmAgain !== undefined && (await calmAgain())) {
    attempts.push(attemptOf(current, { because: 'hosts-starved', lost: [] }))
    current = await attempt()
    lost = await lostUnder(current, options)
  }
  if (lost.length > 0) current = { ...current, verdict: unsteady(current.verdict, lost) }
  attempts.push(attemptOf(current, lost.length > 0 ? { because: 'swarm-moved', lost } : undefined))
  const { startedAt: _, ms: __, ...verification } = current
  return { verification, attempts }
}

async function lostUnder(
  { verdict }: Verification,
  { lost, lookAgainMs = usualLookAgainMs }: VerifyWithRetryOptions,
): Promise<readonly Lost[]> {
  if (verdict.outcome !== 'fail' && verdict.outcome !== 'inconclusive') return []
  const gone = await lost()
  if (gone.length > 0 || verdict.outcome === 'fail') return gone
  // An engine lists a container for some seconds after its namespaces are gone.
  await delay(lookAgainMs)
  return lost()
}

/** What a verdict on a moving swarm is: nothing that is missing there proves anything; what was seen stays. */
function unsteady(verdict: Verification['verdict'], lost: readonly Lost[]): Verification['verdict'] {
  const moved = `the swarm lost ${describeLost(lost)} meanwhile`
  if (verdict.outcome === 'fail' && verdict.problems.some(({ kind }) => kind === 'seen'))
    return { ...verdict, reason: `${verdict.reason}\n${moved}` }
  return {
    ...verdict,
    outcome: 'inconclusive',
    reason: `${moved}, so this proves nothing:\n${verdict.reason}`,
  }
}

function attemptOf(
  {
    verdict,
    generation,
    observations,
    starved,
    startedAt,
    ms,
  }: Verification & { startedAt: string; ms: number },
  repeated: Repeated | undefined,
): Attempt {
  return {
    ...{ generation, startedAt, durationMs: ms, outcome: verdict.outcome, problems: verdict.problems },
    ...(observations === undefined ? {} : { observations }),
    ...(repeated === undefined ? {} : { repeated }),
    ...(starved === undefined ? {} : { starved: [...starved] }),
  }
}

/** The first of them, for one line. */
export function describeLost(lost: readonly Lost[]): string {
  const words = lost
    .slice(0, 3)
    .map(({ what, node, service, state }) =>
      what === 'node' ? `${node} (${state ?? 'no longer listed'})` : `the task of ${service} on ${node}`,
    )
  return `${words.join(', ')}${lost.length > 3 ? ` and ${lost.length - 3} more` : ''}`
}
