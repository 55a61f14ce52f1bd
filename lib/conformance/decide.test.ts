import { expect } from 'chai'
import { judgement } from '../observation/judgement.ts'
import type { Problem } from '../observation/problem.ts'
import { decide } from './decide.ts'

const where = { path: { from: 'a', to: 'b' }, protocol: 'UDP' }
const seen: Problem = { code: 'altered-on-the-way', kind: 'seen', ...where }
const missed: Problem = { code: 'not-delivered', kind: 'missed', observed: 'timeout', ...where }
const failed = { name: 'twin found', held: false }
const held = { name: 'canary found', held: true }
const tool = { what: 'tcpdump', of: 'tool', nodes: ['a'] } as const
const swarm = { what: 'esp4', of: 'swarm', nodes: ['a', 'b'] } as const
const unseen = { what: 'kernel state', nodes: ['c'] }

describe('the policy', () => {
  const outcome = (parts: Partial<Parameters<typeof judgement>[0]>, sharesKernel = false): string =>
    decide(judgement({ conclusion: 'fine', ...parts }), { sharesKernel }).outcome

  it('fails for what was seen, whatever else is missing, unseen or not controlled', () => {
    expect(outcome({ problems: [seen], controls: [failed], missing: [tool], unseen: [unseen] })).to.equal(
      'fail',
    )
  })

  it('fails for what was missed where its controls held', () => {
    expect(outcome({ problems: [missed] })).to.equal('fail')
    expect(outcome({ problems: [missed], controls: [held], unseen: [unseen] })).to.equal('fail')
    expect(outcome({ problems: [missed], controls: [held, failed] })).to.equal('inconclusive')
    expect(
      outcome({ problems: [{ ...missed, controls: ['canary found'] }], controls: [held, failed] }),
    ).to.equal('fail')
  })

  it('puts first what was seen', () => {
    const { problems } = decide(judgement({ problems: [missed, seen], conclusion: '' }), {
      sharesKernel: false,
    })
    expect(problems).to.deep.equal([seen, missed])
  })

  it('fails for what the swarm lacks, names each node, and skips where hosts share a kernel', () => {
    const verdict = decide(judgement({ missing: [swarm], conclusion: '' }), { sharesKernel: false })
    expect(verdict.outcome).to.equal('fail')
    expect(verdict.problems.map(({ node }) => node)).to.deep.equal(['a', 'b'])
    expect(outcome({ missing: [swarm] }, true)).to.equal('skip')
  })

  it('skips for tools, is inconclusive for what is unseen or not controlled or not concluded', () => {
    expect(outcome({ missing: [tool], unseen: [unseen] })).to.equal('skip')
    expect(outcome({ unseen: [unseen] })).to.equal('inconclusive')
    expect(outcome({ controls: [failed] })).to.equal('inconclusive')
    expect(outcome({ conclusion: '' })).to.equal('inconclusive')
    expect(outcome({ controls: [held] })).to.equal('pass')
  })

  describe('where hosts were starved', () => {
    const starved = [
      { node: 'a', deniedShare: 0.62, load: 4.1, processors: 1, answeredMs: 4200, bestMs: 300 },
    ]
    const verdict = (...problems: Problem[]) =>
      decide(judgement({ problems, conclusion: '', controls: [held] }), { sharesKernel: false, starved })
    const late: Problem = { code: 'replacement-missing', kind: 'missed', subject: 'swp-rr', expected: 60 }
    const left: Problem = { code: 'namespace-left', kind: 'seen', node: 'a', subject: '1-x', network: 'n' }

    it('proves nothing by what was late, and names the control with its figures', () => {
      for (const problem of [late, left, missed]) {
        const { outcome: came, controls, problems } = verdict(problem)
        expect(came).to.equal('inconclusive')
        expect(problems).to.deep.equal([problem])
        expect(controls).to.deep.equal([
          held,
          {
            ...{ name: 'hosts-not-starved', held: false },
            observed:
              'a (denied 62 % of the processor time it asked for, load 4.1 on 1 processor, a small call answered in 4.2 s, at best 0.3 s)',
          },
        ])
      }
      expect(verdict(late).reason).to.match(/^a control did not hold \(hosts-not-starved\): a \(denied 62 %/)
    })

    it('fails for what packets or rules prove, and calls nothing else a failure then', () => {
      const proofs: Problem[] = [
        { code: 'clear-text-left', kind: 'seen', path: where.path, subject: '4097', observed: 3 },
        { code: 'mark-rule-missing', kind: 'missed', node: 'a', expected: 4097 },
        { code: 'drop-rule-missing', kind: 'missed', node: 'a', expected: 4097 },
        { code: 'interface-mtu-wrong', kind: 'seen', node: 'a', expected: 1450, observed: 1500 },
        { code: 'data-lost-on-the-way', kind: 'missed', ...where, expected: 5 },
        seen,
      ]
      for (const proof of proofs) {
        const { outcome: came, problems } = verdict(late, proof)
        expect(came, proof.code).to.equal('fail')
        expect(problems).to.deep.equal([proof])
      }
    })

    it('fails for what is late between others, unless a manager was starved', () => {
      const others: Problem = { ...missed, path: { from: 'b', to: 'c' } }
      const outcomeWith = (managers: readonly string[]) =>
        decide(judgement({ problems: [others], conclusion: '' }), { sharesKernel: false, starved, managers })
          .outcome
      expect(outcomeWith(['b'])).to.equal('fail')
      expect(outcomeWith(['a'])).to.equal('inconclusive')
    })

    it('passes what holds all the same', () => {
      expect(decide(judgement({ conclusion: 'x' }), { sharesKernel: false, starved })).to.deep.include({
        ...{ outcome: 'pass', controls: [] },
      })
    })
  })
})
