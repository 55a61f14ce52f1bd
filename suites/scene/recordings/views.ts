import { scene } from '../../../lib/conformance/scene.ts'
import { type NetworkView, readNetworkViews } from '../../../lib/swarm/network-view.ts'

/** Every network as each node's engine sees it, by name of node. */
export type ViewsSeen = Readonly<Record<string, readonly NetworkView[]>>

/** Read once per generation. */
export const networkViewsSeen = scene(
  'network-views',
  async ({ cluster }) => Object.fromEntries(await readNetworkViews(cluster)) as ViewsSeen,
)
