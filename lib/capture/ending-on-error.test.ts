import { expect } from 'chai'
import type { Capture } from './capture.ts'
import { endingOnError } from './ending-on-error.ts'

describe('endingOnError', () => {
  let ended: string[] = []
  const capture = (name: string): Capture =>
    ({
      [Symbol.asyncDispose]: async () => {
        ended.push(name)
        if (name === 'broken') throw new Error('would not end')
      },
    }) as unknown as Capture
  beforeEach(() => (ended = []))

  it('leaves captures alone when the work succeeds', async () => {
    expect(await endingOnError([capture('a')], () => Promise.resolve(7))).to.equal(7)
    expect(ended).to.deep.equal([])
  })

  it('ends all of them and passes on the error of the work, whatever ending them says', async () => {
    const failing = (): Promise<never> => Promise.reject(new Error('probe failed'))
    const error = await endingOnError([capture('broken'), capture('b')], failing).catch(
      (thrown: Error) => thrown,
    )
    expect(error).to.have.property('message', 'probe failed')
    expect(ended).to.deep.equal(['broken', 'b'])
  })
})
