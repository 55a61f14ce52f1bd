import { expect } from 'chai'
import { untilSettled } from './until-settled.ts'

const signal = new AbortController().signal

describe('what is looked at until it has settled', () => {
  it('is looked at once when nothing differs', async () => {
    const asked: boolean[] = []
    await untilSettled({ signal }, (fresh) => {
      asked.push(fresh)
      return Promise.resolve({ problems: [] })
    })
    expect(asked).to.deep.equal([false])
  })

  it('keeps only problems that every look saw, and what the last look saw besides', async () => {
    const looks = [
      { problems: ['a', 'b'], count: 1 },
      { problems: ['c'], count: 2 },
    ]
    const seen = await untilSettled({ signal }, () =>
      Promise.resolve(looks.shift() ?? expect.fail('a third look')),
    )
    expect(seen).to.deep.equal({ problems: [], count: 2 })
  })

  it('ends when the run is interrupted', async () => {
    const interruption = new AbortController()
    const error: unknown = await untilSettled({ signal: interruption.signal }, (fresh) => {
      if (fresh) interruption.abort(new Error('interrupted'))
      return Promise.resolve({ problems: ['stays'] })
    }).catch((thrown: unknown) => thrown)
    expect(String(error)).to.match(/interrupted|aborted/)
  })
})
