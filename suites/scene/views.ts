import type { TestContext } from '../../lib/conformance/context.ts'
import { scene } from '../../lib/conformance/scene.ts'
import { type NetworkView, readNetworkViews } from '../../lib/swarm/network-view.ts'

/** Every network as each node's engine sees it, by host name; read once per run. */
export function networkViews(context: TestContext): Promise<ReadonlyMap<string, readonly NetworkView[]>> {
  return context.once('network-views', ({ cluster }) => readNetworkViews(cluster))
}

/** The same as data, by name of node. */
export type ViewsSeen = Readonly<Record<string, readonly NetworkView[]>>

export const networkViewsSeen = scene(
  'network-views',
  async ({ cluster }) => Object.fromEntries(await readNetworkViews(cluster)) as ViewsSeen,
)
