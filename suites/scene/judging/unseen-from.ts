import {
  type ClusterFacts,
  type NetworkRole,
  nodesWithout,
  type TaskFacts,
  tasksIn,
} from '../../../lib/observation/facts.ts'
import type { Unseen } from '../../../lib/observation/judgement.ts'

/** What could not be seen from nodes that take tasks and have none of a network. */
export function unseenFrom(facts: ClusterFacts, network: NetworkRole): Unseen[] {
  return unseenFromTasks(facts, tasksIn(facts, network), facts.networks[network]?.name ?? network)
}

/** The same of any tasks; `of` names what they are tasks of. */
export function unseenFromTasks(facts: ClusterFacts, tasks: readonly TaskFacts[], of: string): Unseen[] {
  const nodes = nodesWithout(facts, tasks)
  return nodes.length === 0 ? [] : [{ what: `traffic from a task of ${of}`, nodes }]
}
