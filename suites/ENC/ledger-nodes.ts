import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { type Part, type Parted, part } from '../../lib/observation/part.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { type Stack, tasksOn } from '../../lib/swarm/stack.ts'
import { holders } from '../CTL/arrival.ts'
import { ipsecSeen, type KernelSeen } from '../scene/judging/kernel-seen.ts'
import type { LedgerNode } from './ledger.ts'

/** The nodes that run tasks on the encrypted network, and so must be able to encrypt to each other. */
export function secretNodes(stack: Stack): ClusterNode[] {
  return [...new Set(tasksOn(stack, 'secret').map((task) => task.node))]
}

/** The same with their security associations, as far as those could be read. */
export function ledgerNodes(facts: ClusterFacts, states: KernelSeen): Parted<LedgerNode> {
  const parts = holders(facts, 'secret').map(({ name, dataPath }): readonly [string, Part<LedgerNode>] => {
    const seen = ipsecSeen(states, name)
    return [name, 'got' in seen ? { got: { name, address: dataPath.address, state: seen.got } } : seen]
  })
  return part(Object.fromEntries(parts), 'security associations')
}
