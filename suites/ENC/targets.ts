import type { ObserveContext } from '../../lib/conformance/context.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import type { Target } from '../scene/recordings/injection.ts'
import { secretNodes } from './ledger-nodes.ts'

/** A task on each node of the encrypted network, of that network or of its clear twin. */
export function targetPerNode({ stack }: ObserveContext, role: 'secret' | 'clear'): Target[] {
  const tasks = tasksOn(stack, role)
  return secretNodes(stack).flatMap((node) => {
    const task = tasks.find((candidate) => candidate.node === node)
    return task === undefined ? [] : [{ network: stack.networks[role], task }]
  })
}
