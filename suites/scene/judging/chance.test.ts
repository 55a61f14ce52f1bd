import { expect } from 'chai'
import {
  chanceToMiss,
  connectionsAtRandom,
  connectionsForShares,
  connectionsToReach,
  mayBeShare,
  mayMissByChance,
} from './chance.ts'

/** Exactly, for few: the chance of that many of so many connections to one of so many tasks. */
function binomial(count: number, connections: number, tasks: number): number {
  let ways = 1
  for (let index = 0; index < count; index += 1) ways = (ways * (connections - index)) / (index + 1)
  return ways * (1 / tasks) ** count * (1 - 1 / tasks) ** (connections - count)
}

describe('a balancer that chooses at random', () => {
  it('reaches every task by so many connections, and not by one less', () => {
    for (const tasks of [2, 3, 5, 30, 200]) {
      const enough = connectionsAtRandom(tasks)
      expect(chanceToMiss(enough, tasks), `${tasks} tasks`).to.be.at.most(1e-5)
      expect(mayMissByChance(enough - 1, tasks), `${tasks} tasks`).to.equal(true)
      expect(mayMissByChance(enough, tasks), `${tasks} tasks`).to.equal(false)
    }
    expect(connectionsAtRandom(1)).to.equal(1)
  })

  it('is asked more often than one that takes turns', () => {
    expect(connectionsForShares(3, false)).to.equal(18)
    expect(connectionsForShares(3, true)).to.equal(36)
    expect(connectionsForShares(200, true)).to.equal(connectionsAtRandom(200))
    expect(connectionsToReach(3, 3, false)).to.equal(6)
    expect(3 * connectionsToReach(3, 3, true)).to.be.at.least(connectionsAtRandom(3))
    expect(connectionsToReach(2, 9, true)).to.equal(4)
    // As many as ever up to nine nodes; of more, together twice as many as there are tasks at least.
    for (const nodes of [3, 5, 9])
      expect(connectionsToReach(nodes - 1, nodes, false)).to.equal(2 * (nodes - 1))
    for (const nodes of [10, 20, 50, 200]) {
      const together = nodes * connectionsToReach(nodes - 1, nodes, false)
      expect(together).to.be.within(2 * (nodes - 1), 2 * nodes + 144)
    }
  })

  it('gives shares that are called unequal in fewer than one of a million cases', () => {
    for (const [connections, tasks] of [
      [24, 2],
      [36, 3],
      [120, 10],
      [360, 30],
    ] as const) {
      const counts = Array.from({ length: connections + 1 }, (_, count) => count)
      const called = counts.filter((count) => !mayBeShare(count, connections, tasks))
      const chance = called.reduce((sum, count) => sum + binomial(count, connections, tasks), 0)
      expect(tasks * chance, `${connections} of ${tasks}`).to.be.below(1e-6)
      expect(called, `${connections} of ${tasks}`).to.include(connections)
      expect(called, `${connections} of ${tasks}`).to.not.include(Math.round(connections / tasks))
    }
    expect(mayBeShare(450, 900, 3)).to.equal(false)
    expect(mayBeShare(310, 900, 3)).to.equal(true)
    expect(mayBeShare(5, 5, 1)).to.equal(true)
  })
})
