import { expect } from 'chai'
import { verdictOf } from '../verdict-of.fake.ts'
import { facts, names } from './bridged-nodes.fake.ts'
import { noNeighbours } from './gwb-03-no-neighbours.ts'

describe('GWB-03', () => {
  const tried = (what: string, to: string, outcome: string, more: object = {}): unknown => ({
    ...{ what, to },
    probe: {
      ...{ kind: 'tcp', from: 'swp-rr@worker1', fromNode: 'worker1', to: '172.18.0.3', port: 80, outcome },
      ...{ elapsedMs: 1500, attempts: [], replies: [], replyBytes: [], ...more },
    },
  })
  const onBridge = Object.fromEntries(
    names.map((name) => [
      name,
      { got: facts.tasks.filter((one) => one.node === name).map(({ id }) => ({ task: id, address: '' })) },
    ]),
  )
  const control = tried('control', 'web-worker1', 'answered')

  it('passes where tasks are silent and the node is answered', () => {
    const seen = { onBridge, tried: [tried('attempt', 'web-worker1', 'timeout'), control] }
    expect(verdictOf(noNeighbours, seen).outcome).to.equal('pass')
  })

  it('fails for an answer of whatever kind, also where the node is not answered', () => {
    const deaf = tried('control', 'web-worker1', 'timeout')
    const seen = { onBridge, tried: [tried('attempt', 'web-worker1', 'refused'), deaf] }
    const { outcome, problems } = verdictOf(noNeighbours, seen)
    expect(outcome).to.equal('fail')
    expect(problems[0]).to.include({ code: 'answered-over-gateway-bridge', node: 'worker1' })
  })

  it('proves nothing by silence where the node is not answered either', () => {
    const deaf = tried('control', 'web-worker1', 'timeout')
    const seen = { onBridge, tried: [tried('attempt', 'web-worker1', 'timeout'), deaf] }
    expect(verdictOf(noNeighbours, seen).outcome).to.equal('inconclusive')
  })

  it('fails where the very task of another node answers, not where somebody else has its address', () => {
    const far = (reply: string): unknown => ({
      onBridge,
      tried: [tried('far', 'rr-worker2', 'answered', { replies: [reply] }), control],
    })
    const { problems } = verdictOf(noNeighbours, far('rr-worker2'))
    expect(problems[0]).to.deep.include({
      code: 'gateway-bridges-joined',
      path: { from: 'worker1', to: 'worker2' },
    })
    expect(verdictOf(noNeighbours, far('a printer')).outcome).to.equal('pass')
  })
})
