import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { Standstill } from './standstill.ts'

describe('a lab that stands still while it is changed', () => {
  const still = new Standstill()
  let log: string[]
  beforeEach(() => (log = []))

  const work = (name: string, ms: number): Promise<void> =>
    still.moving(async () => {
      log.push(`${name} begins`)
      await delay(ms)
      log.push(`${name} ends`)
    })

  it('is changed when everything else has ended, and nothing begins meanwhile', async () => {
    const changing = still.moving(async () => {
      log.push('a begins')
      await delay(5)
      await still.change(
        () => true,
        async () => {
          log.push('change begins')
          await delay(10)
          log.push('change ends')
        },
      )
      log.push('a ends')
    })
    const other = work('b', 20)
    await delay(10)
    await Promise.all([changing, other, work('late', 0)])
    expect(log.slice(0, 5)).to.deep.equal(['a begins', 'b begins', 'b ends', 'change begins', 'change ends'])
    expect(log.indexOf('late begins')).to.be.above(log.indexOf('change ends'))
  })

  it('is changed once for all that ask for the same, which go on side by side', async () => {
    let changes = 0
    const ask = (name: string, ms: number): Promise<void> =>
      still.moving(async () => {
        const before = changes
        await delay(ms)
        await still.change(
          () => changes === before,
          async () => {
            await delay(5)
            changes += 1
          },
        )
        log.push(`${name} again`)
        await delay(10)
        log.push(`${name} ends`)
      })
    await Promise.all([ask('a', 1), ask('b', 5), ask('c', 10)])
    expect(changes).to.equal(1)
    expect(log.slice(0, 3).every((line) => line.endsWith('again'))).to.equal(true)
  })

  it('goes on after a change that failed', async () => {
    const failed = await still
      .moving(() =>
        still.change(
          () => true,
          () => Promise.reject(new Error('no memory')),
        ),
      )
      .catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(Error).with.property('message', 'no memory')
    await work('a', 0)
    expect(log).to.deep.equal(['a begins', 'a ends'])
  })
})
