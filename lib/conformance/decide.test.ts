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
})
