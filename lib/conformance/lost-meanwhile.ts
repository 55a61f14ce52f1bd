import { type Inventory, readInventory } from '../swarm/read-inventory.ts'
import type { Raised } from './raise.ts'

/**
 * What a cluster has lost of what was verified on it: nodes that are not ready, tasks of the stack whose container
 * runs no more. A requirement that breaks by itself names neither; where one is lost, its verdict is about that.
 *
 * @returns in words; empty when nothing is lost, or when the cluster could not be asked
 */
export async function lostMeanwhile(
  { cluster, stack }: Pick<Raised, 'cluster' | 'stack'>,
  read: (of: Raised['cluster']) => Promise<Inventory> = readInventory,
): Promise<string[]> {
  const now = await read(cluster).catch(() => undefined)
  if (now === undefined) return []
  return [
    ...cluster.nodes.flatMap(({ host, nodeId }) => {
      const condition = now.nodes.get(nodeId)?.replace(/^[^:]*: /, '') ?? 'no longer a node of the swarm'
      return condition.startsWith('Ready ') ? [] : [`${host.name}: ${condition}`]
    }),
    ...stack.tasks
      .filter(({ containerId }) => !now.containers.has(containerId))
      .map(({ service, node }) => `the task of ${service} on ${node.host.name} is gone`),
  ]
}
