import pLimit, { type LimitFunction } from 'p-limit'
import { waitForOthers } from '../own-time.ts'
import type { Cluster } from './cluster.ts'

const turns = new WeakMap<Cluster, LimitFunction>()

/**
 * Does `work` while no other trial of the swarm makes a network: what it found to be free stays free, and VNI and subnet
 * of a network that it removed are given to no other, whose traces would be taken for those of the removed one. `work`
 * must not ask for a turn itself. Time limits do not count the wait for a turn.
 */
export function networkTurn<T>(cluster: Cluster, work: () => Promise<T>): Promise<T> {
  const turn = turns.get(cluster) ?? pLimit(1)
  turns.set(cluster, turn)
  const goesOn = waitForOthers()
  return turn(() => {
    goesOn()
    return work()
  })
}
