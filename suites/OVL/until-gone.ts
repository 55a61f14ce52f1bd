import type { ObserveContext } from '../../lib/conformance/context.ts'
import { part } from '../../lib/observation/part.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { poll } from '../../lib/poll.ts'
import { type NetworkIdentity, heldBy, type HeldBy } from './leftovers.ts'

/**
 * Engines take a network down when its last task on the node ends, before the manager lets it be removed; no source
 * names a time. Emulated hosts under load need several seconds.
 */
export const goneWithinMs = 30_000

/** What the kernels of all nodes hold now; what others share must not hold what is gone in a moment. */
export async function lookAtKernels(
  lab: Pick<ObserveContext, 'devices' | 'facts'>,
  networks: readonly NetworkIdentity[],
): Promise<HeldBy> {
  const seen = Object.fromEntries(await lab.devices())
  return heldBy(
    seen,
    lab.facts.nodes.map(({ name }) => name),
    networks,
  )
}

/** Looks until every kernel could be read and none shows a problem. */
export function pollUntilGone(
  lab: Pick<ObserveContext, 'devices' | 'facts' | 'signal'>,
  networks: readonly NetworkIdentity[],
  problemsOf: (seen: HeldBy) => readonly Problem[],
): Promise<Polled<HeldBy>> {
  return poll(
    { what: 'nothing is left', withinMs: goneWithinMs, everyMs: 1000, signal: lab.signal },
    () => lookAtKernels(lab, networks),
    (seen) => [...problemsOf(seen), ...part(seen, 'kernel state').unseen],
  )
}
