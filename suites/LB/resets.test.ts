import { expect } from 'chai'
import type { AttemptSeen } from '../../lib/observation/probe-seen.ts'
import type { Judgement } from '../../lib/observation/judgement.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { threeNodes } from '../three-nodes.fake.ts'
import { resets } from './lb-06-resets.ts'

const facts = threeNodes()
const attempt = (how: 'whole' | 'reset' | 'silent'): AttemptSeen => ({
  ...{ startedMs: 0, elapsedMs: 20 },
  ...(how === 'whole'
    ? { outcome: 'answered' }
    : how === 'reset'
      ? { outcome: 'error', errno: 'ECONNRESET' }
      : { outcome: 'timeout' }),
})
const download = (node: string, by: 'vip' | 'task', hows: readonly ('whole' | 'reset' | 'silent')[]) => ({
  ...{ client: `rr-${node}`, by },
  probe: {
    ...{
      kind: 'tcp',
      from: `swp-rr@${node}`,
      fromNode: node,
      port: 80,
      elapsedMs: 20,
      replies: [],
      replyBytes: [],
    },
    ...{ to: by === 'vip' ? '10.91.1.2' : '10.91.1.4', outcome: 'answered', attempts: hows.map(attempt) },
    http: hows.map((how) => (how === 'whole' ? { status: 200, bodyBytes: facts.bulkBytes } : null)),
  },
})
const judged = (...downloads: readonly object[]): Judgement => judge(resets, { downloads }, facts)

describe('judging resets', () => {
  it('passes where none was reset, whatever was silent', () => {
    const one = judged(
      download('worker1', 'vip', ['whole', 'whole', 'silent']),
      download('worker1', 'task', ['whole', 'whole', 'whole']),
    )
    expect(outcomeOf(one)).to.equal('pass')
    expect(one.conclusion).to.equal(
      'none of 3 connections by VIP was reset, and none of 3 straight to a task',
    )
  })

  it('fails for any that was, and tells by VIP from straight', () => {
    const one = judged(
      download('worker1', 'vip', ['whole', 'reset', 'reset']),
      download('worker2', 'task', ['reset', 'whole', 'whole']),
    )
    expect(outcomeOf(one)).to.equal('fail')
    expect(
      one.problems.map(({ node, subject, expected, observed }) => [node, subject, expected, observed]),
    ).to.deep.equal([
      ['worker1', 'by VIP', 3, 2],
      ['worker2', 'straight to a task', 3, 1],
    ])
    expect(one.measures.map(({ value }) => value)).to.deep.equal([2, 1])
  })

  it('concludes nothing where nothing was downloaded', () => {
    expect(outcomeOf(judged(download('worker1', 'vip', ['silent'])))).to.equal('inconclusive')
    expect(outcomeOf(judged())).to.equal('inconclusive')
  })
})
