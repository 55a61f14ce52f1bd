import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import { captureBlind } from './sound-packets.ts'
import { type FirstTry, verifySteadily } from './verify-steadily.ts'
import type { Outcome } from './verdict.ts'
import type { Verification } from './verify.ts'

describe('verifySteadily', () => {
  let tries: (FirstTry | undefined)[]
  let putBack: string[]
  let asked: number

  /** What is lost shows from the look of this number on. */
  async function see(outcomes: Outcome[], lost: string[], own = true, from = 1): Promise<Verification> {
    tries = []
    putBack = []
    asked = 0
    return verifySteadily({
      once: async (firstTry) => {
        const outcome = outcomes[tries.push(firstTry) - 1] ?? 'skip'
        return { verdict: { outcome, reason: `was ${outcome}`, evidence: [] } }
      },
      lost: async () => {
        asked += 1
        return asked >= from ? lost : []
      },
      lookAgainMs: 0,
      observeAnew: undefined,
      putBack: own ? async (why) => void putBack.push(why) : undefined,
    })
  }

  it('asks nothing about a lab on which all is well', async () => {
    for (const outcome of ['pass', 'skip'] as const) {
      expect((await see([outcome], ['worker2: Down Active'])).verdict.outcome).to.equal(outcome)
      expect([tries.length, asked]).to.deep.equal([1, 0])
    }
  })

  it('keeps a bad verdict on a lab that lost nothing', async () => {
    for (const outcome of ['fail', 'inconclusive'] as const) {
      const { verdict } = await see([outcome, 'pass'], [])
      expect([verdict.outcome, verdict.reason, tries.length]).to.deep.equal([outcome, `was ${outcome}`, 1])
    }
  })

  it('verifies once more on the lab put back, and hands on what the first try was', async () => {
    const { verdict } = await see(['fail', 'pass'], ['worker2: Down Active'])
    expect(verdict.outcome).to.equal('pass')
    expect(verdict.reason).to.equal(
      'was pass\nSecond try, on the lab put back; under the first it lost something: worker2: Down Active.',
    )
    expect(putBack).to.deep.equal(['worker2: Down Active'])
    expect(tries).to.deep.equal([
      undefined,
      { outcome: 'fail', reason: 'was fail', lost: ['worker2: Down Active'] },
    ])
  })

  it('looks twice after an inconclusive verdict, for an engine may list what is just going', async () => {
    const late = await see(['inconclusive', 'pass'], ['the task of swp-rr on worker1 is gone'], true, 2)
    expect([late.verdict.outcome, asked, tries.length]).to.deep.equal(['pass', 2, 2])
    const failed = await see(['fail', 'pass'], ['the task of swp-rr on worker1 is gone'], true, 2)
    expect([failed.verdict.outcome, asked, tries.length]).to.deep.equal(['fail', 1, 1])
  })

  it('keeps the verdict of the second try, whatever it is', async () => {
    const { verdict } = await see(['inconclusive', 'fail', 'pass'], ['worker2: Down Active'])
    expect([verdict.outcome, tries.length, asked]).to.deep.equal(['fail', 2, 1])
  })

  it("only tells what another's lab lost", async () => {
    const { verdict } = await see(['fail', 'pass'], ['worker2: Down Active'], false)
    expect(verdict.outcome).to.equal('fail')
    expect(verdict.reason).to.equal(
      'was fail\nThe cluster is no longer as the run found it: worker2: Down Active.',
    )
  })

  describe('where a capture may have missed packets', () => {
    const blind = new SwarmproofError({ code: captureBlind, what: 'the capture cannot be believed' })
    const other = new SwarmproofError({ code: 'OBSERVE_FAILED', what: 'nothing was read' })

    async function look(errors: (Error | undefined)[], may = true): Promise<[Verification, number]> {
      tries = []
      let anew = 0
      const verification = await verifySteadily({
        once: async (firstTry) => {
          const error = errors[tries.push(firstTry) - 1]
          const outcome = error === undefined ? 'pass' : 'inconclusive'
          const verdict = { outcome, reason: error?.message ?? 'as required', evidence: [] } as const
          return error === undefined ? { verdict } : { verdict, error }
        },
        lost: async () => [],
        observeAnew: may ? () => void (anew += 1) : undefined,
        lookAgainMs: 0,
        putBack: undefined,
      })
      return [verification, anew]
    }

    it('observes anew and verifies once more', async () => {
      const [{ verdict }, anew] = await look([blind])
      expect(verdict.outcome).to.equal('pass')
      expect(verdict.reason).to.match(/^as required\nSecond try, with captures taken anew/)
      expect([anew, tries.length]).to.deep.equal([1, 2])
      expect(tries[1]).to.deep.equal({ outcome: 'inconclusive', reason: blind.message, lost: [] })
    })

    it('does so once, and not where it must not, or for another error', async () => {
      const [again, anew] = await look([blind, blind])
      expect([again.verdict.outcome, anew, tries.length]).to.deep.equal(['inconclusive', 1, 2])
      expect((await look([blind], false))[0].verdict.outcome).to.equal('inconclusive')
      expect(tries.length).to.equal(1)
      expect((await look([other]))[1]).to.equal(0)
    })
  })
})
