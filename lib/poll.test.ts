import { expect } from 'chai'
import { NeverObserved } from './inconclusive.ts'
import { missingTool } from './missing-tool.ts'
import { type Clock, poll } from './poll.ts'

describe('poll', () => {
  let nowMs: number
  const clock: Clock = {
    now: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms
    },
  }
  beforeEach(() => (nowMs = 0))

  /** Each look takes 100 ms; what is an error is thrown. */
  const looking = (looks: readonly (number | Error)[], withinMs = 5000) => {
    let count = 0
    return poll(
      { what: 'it is zero', withinMs, clock },
      async () => {
        nowMs += 100
        const look = looks[Math.min(count, looks.length - 1)] ?? 0
        count += 1
        if (look instanceof Error) throw look
        return { left: look }
      },
      ({ left }) => (left === 0 ? [] : [left]),
    )
  }

  it('ends with the first look that has no problem, and keeps each that changed', async () => {
    expect(await looking([3, 3, 2, 0])).to.deep.equal({
      ...{ reached: true, seconds: 1.9, withinSeconds: 5, failedLooks: 0, last: { left: 0 } },
      looks: [
        { atSeconds: 0.1, seen: { left: 3 } },
        { atSeconds: 1.3, seen: { left: 2 } },
        { atSeconds: 1.9, seen: { left: 0 } },
      ],
    })
  })

  it('quotes the last look that succeeded when the bound runs out', async () => {
    const polled = await looking([3, 2, new Error('refused')])
    expect(polled).to.deep.include({ reached: false, last: { left: 2 }, seconds: 0.7 })
    expect(polled.failedLooks).to.be.greaterThan(3)
  })

  it('keeps the last look beside the one that changed, with its time', async () => {
    const { looks, seconds } = await looking([3])
    expect(looks.map(({ atSeconds }) => atSeconds)).to.deep.equal([0.1, seconds])
  })

  it('was never observed where no look came to its end: that is not "not reached"', async () => {
    const error = await looking([new Error('the engine hung')]).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(NeverObserved)
    expect((error as Error).message)
      .to.include('it is zero: not one look within 5 s')
      .and.include('the engine hung')
  })

  it('does not wait for what is lacking', async () => {
    const error = await looking([missingTool('ip', 'a')]).catch((thrown: unknown) => thrown)
    expect(error).to.have.property('code', 'TOOL_MISSING')
    expect(nowMs).to.equal(100)
  })

  it('ends when it is aborted', async () => {
    const signal = AbortSignal.abort(new Error('interrupted'))
    const error = await poll(
      { what: 'x', withinMs: 1, signal, clock },
      async () => 1,
      () => [1],
    ).catch((thrown: unknown) => thrown)
    expect(error).to.have.property('message', 'interrupted')
  })
})
