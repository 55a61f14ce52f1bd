import type { ObserveContext, TestContext } from '../../../lib/conformance/context.ts'
import { SwarmproofError } from '../../../lib/error.ts'
import { eventually } from '../../../lib/eventually.ts'
import type { Unseen } from '../../../lib/observation/judgement.ts'
import type { Polled } from '../../../lib/observation/polled.ts'
import { inEvery, type Problem } from '../../../lib/observation/problem.ts'
import { poll } from '../../../lib/poll.ts'

/**
 * What one node missed, engines make good when they exchange their tables whole, every 30 s
 * (libnetwork/networkdb/cluster.go: bulkSyncInterval); only what stays longer is wrong.
 */
const settledWithinMs = 30_000

/** For the method of a test that looks so. */
export const looksAgain =
  'What differs is looked at again for up to 30 s, within which engines exchange their tables whole: only what every look saw is a failure.'

/**
 * Looks once, and where something differs again and again, for at most 30 s: tasks come and go, and gossip may be on
 * its way. Returns the last look, its problems being those that every look saw.
 *
 * @param look `fresh` asks for what is so now, not what the run has read before
 * @throws what stood in the way if nothing could be seen a second time
 */
export async function untilSettled<Seen extends { readonly problems: readonly string[] }>(
  { signal }: Pick<TestContext, 'signal'>,
  look: (fresh: boolean) => Promise<Seen>,
): Promise<Seen> {
  let last = await look(false)
  if (last.problems.length === 0) return last
  let confirmed = false
  const bound = { what: 'nothing differs', withinMs: settledWithinMs, everyMs: 3000, signal }
  await eventually(bound, async () => {
    const now = await look(true)
    last = { ...now, problems: now.problems.filter((problem) => last.problems.includes(problem)) }
    confirmed = true
    return last.problems.length === 0
      ? { ready: true, value: undefined }
      : { ready: false, seen: last.problems.join('; ') }
  }).catch((error: unknown) => {
    if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED') || !confirmed) throw error
  })
  return last
}

/**
 * The same with looks as data: the first, and where something differs others for at most 30 s.
 *
 * @param look `fresh` asks for what is so now, not what the run has read before
 */
export function pollUntilSettled<S>(
  { signal }: Pick<ObserveContext, 'signal'>,
  look: (fresh: boolean) => Promise<S>,
  problemsOf: (seen: S) => readonly Problem[],
): Promise<Polled<S>> {
  let fresh = false
  const again = (): Promise<S> => {
    const first = !fresh
    fresh = true
    return look(!first)
  }
  return poll(
    { what: 'nothing differs', withinMs: settledWithinMs, everyMs: 3000, signal },
    again,
    problemsOf,
  )
}

/** What every look saw. One look alone does not tell what stays, where others were tried and failed. */
export function settledProblems<S>(
  { looks, failedLooks }: Pick<Polled<S>, 'looks' | 'failedLooks'>,
  problemsOf: (seen: S) => readonly Problem[],
  what: string,
): { readonly problems: readonly Problem[]; readonly unseen: readonly Unseen[] } {
  const problems = inEvery(looks.map(({ seen }) => problemsOf(seen)))
  const unconfirmed = problems.length > 0 && looks.length === 1 && failedLooks > 0
  return unconfirmed
    ? { problems: [], unseen: [{ what: `${what} a second time`, nodes: [] }] }
    : { problems, unseen: [] }
}
