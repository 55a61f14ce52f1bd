import { expect } from 'chai'
import { effects, effectSeconds } from './effects.ts'

const { signal } = new AbortController()

describe('effects of a change', () => {
  it('are all there once one look finds no problem', async () => {
    const seen = await effects({ signal }, 'it', () => Promise.resolve({ network: [], port: [] }))
    expect(seen.network.problems).to.deep.equal([])
    expect(seen.port.seconds).to.be.within(0, 5)
  })

  it('are looked at again while one is missing, and each has its own time', async () => {
    let looks = 0
    const seen = await effects({ signal }, 'it', () => {
      looks += 1
      return Promise.resolve({ network: [], port: looks < 2 ? ['closed'] : [] })
    })
    expect(looks).to.equal(2)
    expect(seen.port.seconds ?? 0).to.be.above(seen.network.seconds ?? 0)
  })
})

describe('the time of an effect', () => {
  const looks = (...seen: number[]) => seen.map((problems, index) => ({ atSeconds: index, seen: problems }))
  const of = (problems: number): unknown[] => new Array(problems).fill(0)

  it('is that of the first look since which nothing was wrong', () => {
    expect(effectSeconds({ looks: looks(0) }, of)).to.equal(0)
    expect(effectSeconds({ looks: looks(2, 0, 1, 0, 0) }, of)).to.equal(3)
    expect(effectSeconds({ looks: looks(0, 1) }, of)).to.equal(undefined)
  })
})
