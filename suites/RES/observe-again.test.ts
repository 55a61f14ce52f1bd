import { expect } from 'chai'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import type { ConformanceTest } from '../../lib/conformance/test.ts'
import { SwarmproofError } from '../../lib/error.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { threeNodes } from '../three-nodes.fake.ts'
import { heldAgain, judgeAgain } from './judge-again.ts'
import { type Again, observeAgain } from './observe-again.ts'

const lost: Problem = { code: 'not-delivered', kind: 'missed', node: 'worker1', protocol: 'UDP' }
const silentTwin = { name: 'the twin is found', held: false }

/** Observes `problems` of each look in turn, the last one again and again. */
function fake(id: string, ...looks: (readonly Problem[] | Error)[]): ConformanceTest & { asked: number } {
  const test = {
    ...{ id, requirement: '', source: [], safety: 'production' as const, needs: [] },
    ...{ method: '', usualCauses: [], remedy: [], asked: 0 },
    ...{ codes: [], changes: [], quiet: [], reads: [] },
    observe(): Promise<unknown> {
      const look = looks[Math.min(test.asked, looks.length - 1)] ?? []
      test.asked += 1
      return look instanceof Error ? Promise.reject(look) : Promise.resolve({ problems: look })
    },
    judge: (seen: unknown) =>
      judgement({ problems: (seen as { problems: Problem[] }).problems, conclusion: 'as required' }),
  }
  return test
}

function lab(...renewing: Error[]): ObserveContext & { generation: number } {
  const signal = new AbortController().signal
  const one = {
    ...{ signal, generation: 0 },
    renewed() {
      const failure = renewing.shift()
      if (failure !== undefined) return Promise.reject(failure)
      one.generation += 1
      return Promise.resolve({ signal, facts: threeNodes({ generation: one.generation }) })
    },
  }
  return one as unknown as ObserveContext & { generation: number }
}

const stored = (again: Again): Again => JSON.parse(JSON.stringify(again)) as Again
const unreachable = new SwarmproofError({ code: 'REMOTE_FAILED', what: 'connection lost', host: 'worker1' })

describe('requirements observed again', () => {
  it('hold in one look, each on the renewed lab, in order', async () => {
    const tests = [fake('OVL-03', []), fake('LB-01', [])]
    const again = stored(await observeAgain(lab(), tests, 10_000))
    expect(again.polled).to.deep.include({ reached: true, last: { generation: 1, left: [] } })
    expect(again.facts.generation).to.equal(1)
    expect(heldAgain(again, tests)).to.equal(true)
    const judged = judgeAgain(again, tests, 'after it')
    expect(judged).to.deep.include({ problems: [], unseen: [], missing: [], controls: [] })
    expect(judged.measures).to.have.lengthOf(1)
  })

  it('are looked at in a new generation while one does not hold, and those behind it wait', async () => {
    const tests = [fake('OVL-03', [lost], []), fake('LB-01', [])]
    const again = await observeAgain(lab(), tests, 10_000)
    expect(again.polled.looks.map(({ seen }) => seen)).to.deep.equal([
      { generation: 1, left: ['OVL-03', 'LB-01'] },
      { generation: 2, left: [] },
    ])
    expect(tests.map(({ asked }) => asked)).to.deep.equal([2, 1])
  })

  it('keep the problems of the last look, with their kind and whose they are', async () => {
    const tests = [fake('OVL-03', []), fake('LB-01', [lost]), fake('ING-01', [])]
    const again = stored(await observeAgain(lab(), tests, 0))
    expect(again.verified.map(({ id }) => id)).to.deep.equal(['OVL-03', 'LB-01'])
    const judged = judgeAgain(again, tests, 'after it')
    expect(judged.problems).to.deep.equal([
      { ...lost, via: 'LB-01', controls: [] },
      { code: 'not-again', kind: 'missed', via: 'LB-01', expected: 0, controls: [] },
    ])
    expect(judged.measures).to.deep.equal([])
  })

  it('rest on their own controls, told by whose they are', async () => {
    const resting = {
      ...fake('ENC-01', [lost]),
      judge: () => judgement({ problems: [lost], controls: [silentTwin], conclusion: 'as required' }),
    }
    const again = stored(await observeAgain(lab(), [resting], 0))
    const judged = judgeAgain(again, [resting], 'after it')
    expect(judged.controls).to.deep.equal([{ name: 'ENC-01: the twin is found', held: false }])
    for (const { controls } of judged.problems) expect(controls).to.deep.equal(['ENC-01: the twin is found'])
  })

  it('say nothing of the network where what stood in the way was a host', async () => {
    const tests = [fake('OVL-03', unreachable)]
    const judged = judgeAgain(stored(await observeAgain(lab(), tests, 0)), tests, 'after it')
    expect(judged.problems).to.deep.equal([])
    expect(judged.unseen).to.deep.equal([{ what: 'OVL-03', nodes: ['worker1'], why: unreachable.message }])
  })

  it('were never observed where the lab could not be read again', async () => {
    const error: unknown = await observeAgain(lab(unreachable), [fake('OVL-03', [])], 0).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).to.include({ code: 'NEVER_OBSERVED' })
  })

  it('end at once with an error of our own code', async () => {
    const defect = new TypeError('x is undefined')
    const error: unknown = await observeAgain(lab(), [fake('OVL-03', defect)], 60_000).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).to.equal(defect)
  })
})
