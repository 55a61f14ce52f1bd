import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { Cluster } from './cluster.ts'
import { networkTurn } from './network-turns.ts'

describe('networks of one swarm', () => {
  const [one, other] = [{} as Cluster, {} as Cluster]

  it('are made one at a time, also behind one that failed', async () => {
    const log: string[] = []
    const work =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        log.push(`${name} begins`)
        await delay(5)
        log.push(`${name} ends`)
        if (fails) throw new Error(name)
        return name
      }
    const asked = [
      networkTurn(one, work('a', true)),
      networkTurn(one, work('b')),
      networkTurn(other, work('c')),
    ]
    const settled = await Promise.allSettled(asked)
    expect(settled.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled', 'fulfilled'])
    expect(log.filter((line) => !line.startsWith('c'))).to.deep.equal([
      'a begins',
      'a ends',
      'b begins',
      'b ends',
    ])
    expect(log.indexOf('c begins'), 'another swarm').to.be.below(log.indexOf('a ends'))
  })
})
