import { expect } from 'chai'
import type { Problem } from '../../observation/problem.ts'
import { found, nodes, pairs } from './measures.fake.ts'
import { slowNode } from './slow-node.ts'

type Pair = (typeof pairs)[number]
const bytes = 262_144

/** Milliseconds that the file of a pair takes. */
const scenesOf = (elapsedMs: (pair: Pair) => number, idle = 0.2) => ({
  bursts: { hosts: Object.fromEntries(nodes.map((name) => [name, { idleShare: idle }])) },
  sizes: {
    downloads: pairs.map((pair) => ({
      ...{ by: 'task', toNode: pair.from },
      probe: {
        fromNode: pair.to,
        attempts: [{ outcome: 'answered', startedMs: 0, elapsedMs: elapsedMs(pair) }],
        http: [{ status: 200, bodyBytes: bytes }],
      },
    })),
  },
})
const find = (elapsedMs: (pair: Pair) => number, problems: readonly Problem[] = [], idle?: number) =>
  found([slowNode], { problems: { 'MTU-03': problems }, scenes: scenesOf(elapsedMs, idle) }).findings
const sentBy =
  (node: string, ms: number) =>
  ({ from }: Pair): number =>
    from === node ? ms : 60

describe('a node whose rate is limited', () => {
  it('is told by all that it sends, or all that it receives', () => {
    const [finding] = find(sentBy('worker2', 2100))
    expect(finding?.title).to.equal(
      'What worker2 sends is limited to about 1.00 Mbit/s; all else is at least 35 times faster',
    )
    expect(finding).to.deep.include({ nodes: ['worker2'], severity: 'advice', explains: [] })
    expect(find(({ to }) => (to === 'manager' ? 2100 : 60))[0]?.title).to.match(/^What manager receives/)
  })

  it('is a cause where transfers of it failed', () => {
    const failed: Problem = {
      ...{ code: 'transfer-not-whole', kind: 'missed', path: { from: 'manager', to: 'worker2' } },
    }
    expect(find(sentBy('worker2', 2100), [failed])[0]).to.deep.include({
      ...{ severity: 'cause', explains: ['MTU-03'] },
    })
  })

  it('is none where one of its transfers is fast, another node is as slow, or it was busy', () => {
    const one = ({ from, to }: Pair): number => (from === 'worker2' && to === 'manager' ? 2100 : 60)
    expect(find(one)).to.deep.equal([])
    expect(find(() => 2100)).to.deep.equal([])
    expect(find(sentBy('worker2', 250))).to.deep.equal([])
    expect(find(sentBy('worker2', 2100), [], 0.05)).to.deep.equal([])
  })
})
