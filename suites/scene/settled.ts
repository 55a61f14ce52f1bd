import type { ObserveContext } from '../../lib/conformance/context.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import { inEvery, type Problem } from '../../lib/observation/problem.ts'
import { poll } from '../../lib/poll.ts'

/**
 * What one node missed, engines make good when they exchange their tables whole, every 30 s
 * (libnetwork/networkdb/cluster.go: bulkSyncInterval); only what stays longer is wrong.
 */
const settledWithinMs = 30_000

/** For the method of a requirement that looks so. */
export { looksAgain } from './until-settled.ts'

/**
 * Looks once, and where something differs again and again, for at most 30 s: tasks come and go, and gossip may be on
 * its way. `settledProblems` judges what was kept.
 *
 * @param look `fresh` asks for what is so now, not for what the run has read before
 * @throws NeverObserved where no look came to its end
 */
export async function settledLooks<S>(
  { signal }: Pick<ObserveContext, 'signal'>,
  look: (fresh: boolean) => Promise<S>,
  problemsOf: (seen: S) => readonly Problem[],
): Promise<Polled<S>> {
  let fresh = false
  return poll(
    { what: 'nothing differs', withinMs: settledWithinMs, everyMs: 3000, signal },
    () => {
      const now = look(fresh)
      fresh = true
      return now
    },
    problemsOf,
  )
}

/** What every look saw. One look alone proves nothing: gossip may have been on its way. */
export function settledProblems<S>(
  { looks, reached }: Polled<S>,
  problemsOf: (seen: S) => readonly Problem[],
): Problem[] {
  return reached ? [] : inEvery(looks.map(({ seen }) => problemsOf(seen)))
}
