import { expect } from 'chai'
import { during } from './during.ts'
import type { Capture } from './capture.ts'
import { fakeCapture } from './capture.fake.ts'

describe('during', () => {
  let ended: string[] = []
  const capture = (name: string, more: Partial<Capture> = {}): Capture => ({
    ...fakeCapture({ interface: name, direction: 'both' } as Capture['point']),
    [Symbol.asyncDispose]: async () => {
      ended.push(name)
      if (name === 'broken') throw new Error('would not end')
    },
    ...more,
  })
  const failure = (work: Promise<unknown>): Promise<Error> =>
    work.then(
      () => expect.fail('it went well'),
      (thrown: unknown) => thrown as Error,
    )
  beforeEach(() => (ended = []))

  it('gives what the work gave, and the recordings in order', async () => {
    const starting = Promise.resolve([capture('a'), capture('b')])
    const { result, recordings } = await during(starting, (captures) => Promise.resolve(captures.length))
    expect(result).to.equal(2)
    expect(recordings.map(({ point }) => point.interface)).to.deep.equal(['a', 'b'])
  })

  it('ends all of them and passes on the error of the work, whatever ending them says', async () => {
    const starting = Promise.resolve([capture('broken'), capture('b')])
    const error = await failure(during(starting, () => Promise.reject(new Error('probe failed'))))
    expect(error).to.have.property('message', 'probe failed')
    expect(ended).to.deep.equal(['broken', 'b'])
  })

  it('ends the others if one does not stop', async () => {
    const stuck = capture('a', { stop: () => Promise.reject(new Error('stuck')) })
    const error = await failure(during(Promise.resolve([stuck, capture('b')]), () => Promise.resolve()))
    expect(error).to.have.property('message', 'stuck')
    expect(ended).to.deep.equal(['a', 'b'])
  })
})
