import type { ObserveContext } from '../../lib/conformance/context.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'

/**
 * The node that is disturbed: not the manager the swarm is asked through, a worker if there is one, and one that runs
 * a task of a replicated service, so that something has to move.
 */
export function disturbedNode({ cluster, stack }: Pick<ObserveContext, 'cluster' | 'stack'>): ClusterNode {
  const others = cluster.nodes.filter((node) => node !== cluster.manager)
  const serves = (node: ClusterNode): boolean =>
    stack.tasks.some((task) => task.node === node && task.service === stack.services.web.name)
  const chosen =
    others.find((node) => node.role === 'worker' && serves(node)) ?? others.find(serves) ?? others[0]
  if (chosen === undefined) throw new Inconclusive('the swarm has no node beside its manager')
  return chosen
}
