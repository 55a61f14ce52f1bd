import type { ObserveContext } from '../../lib/conformance/context.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import { poll } from '../../lib/poll.ts'
import { type Footprint, type Holdings, holdings, leftProblems, unreadNodes } from './leftovers.ts'

/**
 * Engines take a network down when its last task on the node ends, before the manager lets it be removed; no source
 * names a time. Emulated hosts under load need several seconds.
 */
export const goneWithinMs = 30_000

/** What all kernels hold of networks now. */
export async function heldNow(
  lab: Pick<ObserveContext, 'facts' | 'kernel'>,
  networks: readonly Footprint[],
): Promise<Holdings> {
  const states = await lab.kernel({ fresh: true })
  const nodes = lab.facts.nodes.map(({ name }) => name)
  return holdings(Object.fromEntries(states), nodes, networks)
}

/** Looks at all kernels until they hold nothing of networks that were removed, or the bound runs out. */
export function pollUntilGone(
  lab: Pick<ObserveContext, 'facts' | 'kernel' | 'signal'>,
  networks: readonly Footprint[],
  before?: Holdings,
): Promise<Polled<Holdings>> {
  const bound = { what: 'nothing is left', withinMs: goneWithinMs, everyMs: 1000, signal: lab.signal }
  return poll(
    bound,
    () => heldNow(lab, networks),
    (left) => [...leftProblems(left, before), ...unreadNodes(left)],
  )
}
