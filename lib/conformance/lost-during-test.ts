import { type SwarmInventory, readSwarmInventory } from '../swarm/read-swarm-inventory.ts'
import type { ReadyLab } from './bring-up.ts'
import type { Lost } from './verdict.ts'

/**
 * What a cluster has lost of what was verified on it: nodes that are not ready, tasks of the stack whose container
 * runs no more. A requirement that breaks by itself names neither; where one is lost, its verdict is about that.
 *
 * @returns empty when nothing is lost, or when the cluster could not be asked
 */
export async function lostDuringTest(
  { cluster, stack }: Pick<ReadyLab, 'cluster' | 'stack'>,
  read: (of: ReadyLab['cluster']) => Promise<SwarmInventory> = readSwarmInventory,
): Promise<Lost[]> {
  const now = await read(cluster).catch(() => undefined)
  if (now === undefined) return []
  return [
    ...cluster.nodes.flatMap(({ host, nodeId }): Lost[] => {
      const state = now.nodes.get(nodeId)?.replace(/^[^:]*: /, '')
      if (state === undefined) return [{ what: 'node', node: host.name }]
      return state.startsWith('Ready ') ? [] : [{ what: 'node', node: host.name, state }]
    }),
    ...stack.tasks
      .filter(({ containerId }) => !now.containers.has(containerId))
      .map(({ service, node }): Lost => ({ what: 'task', node: node.host.name, service })),
  ]
}
