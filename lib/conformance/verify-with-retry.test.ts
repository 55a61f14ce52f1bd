import { expect } from 'chai'
import type { Problem } from '../observation/problem.ts'
import { exampleVerdict } from './verdict.fake.ts'
import type { Lost, Outcome } from './verdict.ts'
import { describeLost, type RetriedVerification, verifyWithRetry } from './verify-with-retry.ts'

const down: Lost = { what: 'node', node: 'worker2', state: 'Down Active' }
const gone: Lost = { what: 'task', node: 'worker1', service: 'swp-rr' }
const missed: Problem = {
  code: 'not-delivered',
  kind: 'missed',
  path: { from: 'a', to: 'b' },
  protocol: 'UDP',
}
const seen: Problem = { code: 'answered-by-another', kind: 'seen', node: 'a', protocol: 'TCP' }

describe('verifySteadily', () => {
  let tries: number
  let again: (readonly Lost[])[]
  let asked: number

  /** What is lost shows from the look of number `from` on, until it was read again. */
  async function see(
    outcomes: Outcome[],
    lost: Lost[],
    { may = true, from = 1, lasting = false, problems = [missed] as Problem[] } = {},
  ): Promise<RetriedVerification> {
    tries = 0
    again = []
    asked = 0
    return verifyWithRetry({
      once: async () => {
        const outcome = outcomes[tries] ?? 'skip'
        tries += 1
        const failed = outcome === 'fail' ? { problems } : {}
        return { verdict: exampleVerdict(outcome, `was ${outcome}`, failed), generation: tries - 1 }
      },
      lost: async () => {
        asked += 1
        return asked >= from && (again.length === 0 || lasting) ? lost : []
      },
      lookAgainMs: 0,
      captureAgain: () => undefined,
      readAgain: () => (may ? async (what) => void again.push(what) : undefined),
    })
  }

  it('asks nothing about a lab on which all is well', async () => {
    for (const outcome of ['pass', 'skip', 'broken'] as const) {
      const { verification, attempts } = await see([outcome], [down])
      expect(verification.verdict.outcome).to.equal(outcome)
      expect([tries, asked, attempts.length]).to.deep.equal([1, 0, 1])
    }
  })

  it('keeps a bad verdict on a lab that lost nothing', async () => {
    for (const outcome of ['fail', 'inconclusive'] as const) {
      const { verification } = await see([outcome, 'pass'], [])
      expect([verification.verdict.outcome, tries]).to.deep.equal([outcome, 1])
    }
  })

  it('verifies once more in a new generation, and keeps both attempts', async () => {
    const { verification, attempts } = await see(['fail', 'pass'], [down])
    expect(verification.verdict).to.deep.include({ outcome: 'pass', reason: 'was pass' })
    expect(again).to.deep.equal([[down]])
    expect(
      attempts.map(({ generation, outcome, repeated }) => ({ generation, outcome, repeated })),
    ).to.deep.equal([
      { generation: 0, outcome: 'fail', repeated: { because: 'swarm-moved', lost: [down] } },
      { generation: 1, outcome: 'pass', repeated: undefined },
    ])
  })

  it('looks twice after an inconclusive verdict, for an engine may list what is just going', async () => {
    const late = await see(['inconclusive', 'pass'], [gone], { from: 2 })
    expect([late.verification.verdict.outcome, asked, tries]).to.deep.equal(['pass', 2, 2])
  })

  it('gives no fail where the swarm moved under the last attempt, too', async () => {
    const { verification, attempts } = await see(['fail', 'fail'], [down, gone], { lasting: true })
    expect(verification.verdict.outcome).to.equal('inconclusive')
    expect(verification.verdict.reason).to.match(
      /^the swarm lost worker2 \(Down Active\), the task of swp-rr on worker1/,
    )
    expect(attempts.map(({ repeated }) => repeated?.because)).to.deep.equal(['swarm-moved', 'swarm-moved'])
    const often = await see(['fail', 'pass'], [down], { may: false })
    expect([often.verification.verdict.outcome, tries]).to.deep.equal(['inconclusive', 1])
  })

  it('keeps a fail for something that was seen and must not be, whatever the swarm lost', async () => {
    const { verification } = await see(['fail', 'fail'], [down], { lasting: true, problems: [missed, seen] })
    expect(verification.verdict.outcome).to.equal('fail')
  })

  it('captures again once where a capture may have missed packets', async () => {
    const look = async (incomplete: boolean[], may = true) => {
      let count = 0
      let renewed = 0
      const found = await verifyWithRetry({
        once: async () => {
          const blind = incomplete[count] === true
          count += 1
          const verdict = exampleVerdict(blind ? 'inconclusive' : 'pass', 'x')
          return { verdict, generation: renewed, ...(blind ? { captureIncomplete: true as const } : {}) }
        },
        lost: async () => [],
        captureAgain: () => (may ? () => void (renewed += 1) : undefined),
        readAgain: () => undefined,
        lookAgainMs: 0,
      })
      return { outcome: found.verification.verdict.outcome, count, renewed, attempts: found.attempts }
    }
    const first = await look([true])
    expect([first.outcome, first.count, first.renewed]).to.deep.equal(['pass', 2, 1])
    expect(first.attempts[0]?.repeated).to.deep.equal({ because: 'capture-incomplete', lost: [] })
    expect((await look([true, true])).count).to.equal(2)
    expect((await look([true], false)).count).to.equal(1)
    expect((await look([false])).count).to.equal(1)
  })

  it('verifies once more what was late on starved hosts, when they are calm', async () => {
    const starved = [{ node: 'worker1', load: 4, processors: 1, answeredMs: 4000, bestMs: 200 }]
    const see = async (calm: boolean | undefined, stays = false, first: Outcome = 'inconclusive') => {
      let count = 0
      const found = await verifyWithRetry({
        once: async () => {
          count += 1
          const hit = count === 1 || stays
          const verdict = exampleVerdict(hit ? first : 'pass', 'x')
          return { verdict, generation: count, ...(hit ? { starved } : {}) }
        },
        lost: async () => [],
        captureAgain: () => undefined,
        readAgain: () => undefined,
        calmAgain: () => (calm === undefined ? undefined : async () => calm),
        lookAgainMs: 0,
      })
      return { outcome: found.verification.verdict.outcome, count, attempts: found.attempts }
    }
    const again = await see(true)
    expect([again.outcome, again.count]).to.deep.equal(['pass', 2])
    expect(again.attempts[0]).to.deep.include({ starved, repeated: { because: 'hosts-starved', lost: [] } })
    expect(again.attempts[1]).not.to.have.any.keys('starved', 'repeated')
    expect((await see(true, true)).count).to.equal(2)
    expect((await see(false)).count).to.equal(1)
    expect((await see(undefined)).count).to.equal(1)
    const proved = await see(true, false, 'fail')
    expect([proved.outcome, proved.count], 'what failed all the same stands').to.deep.equal(['fail', 1])
  })

  it('describes at most three of what was lost', () => {
    expect(describeLost([down, gone, gone, gone])).to.equal(
      'worker2 (Down Active), the task of swp-rr on worker1, the task of swp-rr on worker1 and 1 more',
    )
  })
})
