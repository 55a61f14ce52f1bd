import { type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import type { Problem } from '../../lib/observation/problem.ts'

/** Tasks that gave none of the answers that came through a node; what differs between nodes is at that node. */
export function throughNode(
  node: string,
  answers: readonly string[],
  tasks: readonly TaskFacts[],
): Problem[] {
  return tasks
    .filter(({ hostname }) => !answers.includes(hostname))
    .map((task): Problem => ({
      ...{ code: 'task-not-reached-through-node', kind: 'missed', node, subject: taskName(task) },
      ...(task.node === node ? {} : { path: { from: node, to: task.node } }),
      observed: `0 of ${answers.length} answers`,
    }))
}
