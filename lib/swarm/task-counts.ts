import type { StackNames } from './stack.ts'

/** Tasks of each service of the stack on so many nodes that take tasks. */
export function taskCounts(nodes: number): Readonly<Record<keyof StackNames['services'], number>> {
  return {
    // One node is left without a task, unless that leaves a single task.
    web: Math.max(Math.min(2, nodes), nodes - 1),
    rr: nodes,
    vault: nodes,
    island: 1,
    both: 1,
    dual: Math.min(2, nodes),
    here: 1,
    front: nodes,
    back: 1,
  }
}
