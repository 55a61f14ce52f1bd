import type { TestContext } from '../../lib/conformance/context.ts'
import { type NetworkView, readNetworkViews } from '../../lib/swarm/network-view.ts'

/** Every network as each node's engine sees it, by host name; read once per run. */
export function networkViews(context: TestContext): Promise<ReadonlyMap<string, readonly NetworkView[]>> {
  return context.once('network-views', ({ cluster }) => readNetworkViews(cluster))
}
