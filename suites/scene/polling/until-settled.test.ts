import { expect } from 'chai'
import type { Problem } from '../../../lib/observation/problem.ts'
import { pollUntilSettled, settledProblems, untilSettled } from './until-settled.ts'

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

describe('looks until nothing differs', () => {
  const problem = (node: string): Problem => ({ code: 'name-not-answered', kind: 'missed', node })
  const same = (seen: readonly Problem[]): readonly Problem[] => seen
  const looks = (...seen: Problem[][]) =>
    seen.map((problems, index) => ({ atSeconds: index, seen: problems }))

  it('is one look, not a fresh one, where nothing differs', async () => {
    const asked: boolean[] = []
    const polled = await pollUntilSettled(
      { signal },
      (fresh) => {
        asked.push(fresh)
        return Promise.resolve([])
      },
      same,
    )
    expect([asked, polled.reached]).to.deep.equal([[false], true])
  })

  it('leaves the problems that every look saw', () => {
    const seen = looks([problem('a'), problem('b')], [problem('b')], [problem('b'), problem('c')])
    expect(settledProblems({ looks: seen, failedLooks: 2 }, same, 'names')).to.deep.equal({
      ...{ problems: [problem('b')], unseen: [] },
    })
  })

  it('does not tell by one look what stays, where all others failed', () => {
    const found = settledProblems({ looks: looks([problem('a')]), failedLooks: 4 }, same, 'names')
    expect(found.problems).to.deep.equal([])
    expect(found.unseen).to.have.lengthOf(1)
    expect(
      settledProblems({ looks: looks([problem('a')]), failedLooks: 0 }, same, 'names').problems,
    ).to.have.lengthOf(1)
  })
})
