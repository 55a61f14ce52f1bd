import type { HostState } from '../../lib/observe/host-state.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { type Stack, tasksOn } from '../../lib/swarm/stack.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import type { LedgerNode } from './ledger.ts'

/** The nodes that run tasks on the encrypted network, and so must be able to encrypt to each other. */
export function secretNodes(stack: Stack): ClusterNode[] {
  return [...new Set(tasksOn(stack, 'secret').map((task) => task.node))]
}

/** The same with their security associations. @throws when those could not be read */
export function ledgerNodes(stack: Stack, states: ReadonlyMap<string, HostState>): LedgerNode[] {
  return secretNodes(stack).map((node) => {
    const state = stateOf(states, node)
    rootOf(state, 'ip')
    return { name: node.host.name, address: node.dataPath.address, state }
  })
}
