import { setTimeout as delay } from 'node:timers/promises'
import { SwarmproofError } from '../error.ts'
import { changesTold } from './changes-since.ts'
import { captureBlind } from './sound-packets.ts'
import type { Verdict } from './verdict.ts'
import type { Verification } from './verify.ts'

/** A verdict that was not kept, for the lab had lost nodes or tasks under it, or a capture may have missed packets. */
export interface FirstTry {
  readonly outcome: Verdict['outcome']
  readonly reason: string
  /** Empty where a capture was at fault. */
  readonly lost: readonly string[]
}

export interface SteadyOptions {
  /** Verifies; a first try belongs into the evidence. */
  readonly once: (firstTry?: FirstTry) => Promise<Verification>
  /** What the lab has lost since it was seen first, in words. */
  readonly lost: () => Promise<readonly string[]>
  /** Forgets what all tests share, so that it is observed anew; undefined where this one must not run twice. */
  readonly observeAnew: (() => void) | undefined
  /** Puts the lab back as it was saved; undefined for a lab that is somebody else's. */
  readonly putBack: ((why: string) => Promise<void>) | undefined
  /** For tests. */
  readonly lookAgainMs?: number
}

const usualLookAgainMs = 5000

/**
 * Verifies, and once more
 *
 * - with captures taken anew where one may have missed packets: on a busy host the kernel drops some before tcpdump
 *   gets them;
 * - on the lab as it was saved where the verdict is a bad one and the lab lost nodes or tasks under it: a verdict about
 *   tasks that are gone says nothing of the requirement, nor do those of all that follow. A lab of somebody else is left
 *   as it is; the reason then tells what it lost.
 */
export async function verifySteadily({
  once,
  lost,
  observeAnew,
  putBack,
  lookAgainMs = usualLookAgainMs,
}: SteadyOptions): Promise<Verification> {
  const first = await seeing(once, observeAnew)
  const { outcome, reason } = first.verdict
  if (outcome !== 'fail' && outcome !== 'inconclusive') return first
  let gone = await lost()
  if (gone.length === 0 && outcome === 'inconclusive') {
    // An engine lists a container for some seconds after its namespaces are gone.
    await delay(lookAgainMs)
    gone = await lost()
  }
  if (gone.length === 0) return first
  const told = changesTold(gone)
  if (putBack === undefined) {
    return withWords(first, `The cluster is no longer as the run found it: ${told}.`)
  }
  await putBack(told)
  const second = await once({ outcome, reason, lost: gone })
  return withWords(second, `Second try, on the lab put back; under the first it lost something: ${told}.`)
}

async function seeing(
  once: SteadyOptions['once'],
  observeAnew: SteadyOptions['observeAnew'],
): Promise<Verification> {
  const first = await once()
  const isBlind = first.error instanceof SwarmproofError && first.error.code === captureBlind
  if (!isBlind || observeAnew === undefined) return first
  observeAnew()
  const { outcome, reason } = first.verdict
  const second = await once({ outcome, reason, lost: [] })
  return withWords(
    second,
    'Second try, with captures taken anew: those of the first may have missed packets.',
  )
}

function withWords(verification: Verification, words: string): Verification {
  const { verdict } = verification
  return { ...verification, verdict: { ...verdict, reason: `${verdict.reason}\n${words}` } }
}
