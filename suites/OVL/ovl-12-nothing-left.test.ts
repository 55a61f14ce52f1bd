import { expect } from 'chai'
import { judge, outcomeOf } from '../judged.fake.ts'
import type { Held, Trace } from './leftovers.ts'
import { nothingLeft } from './ovl-12-nothing-left.ts'
import { polled } from './reshaped.fake.ts'

const nodes = ['manager', 'worker1', 'worker2']
const names = ['swp-ovl12-clear', 'swp-ovl12-secret']
const networks = names.map((name, index) => ({
  ...{ id: `${name}identifier`, name, subnet: `10.0.${8 + index}.0/24`, vni: 4104 + index, macs: [] },
}))
const trace = (network: string): Trace => ({ kind: 'namespace', network, subject: `1-${network.slice(-6)}` })
const empty: Held = { traces: [], states: ['a → b, SPI 0x1'], policies: [] }
const standing: Held = { ...empty, traces: names.map(trace), states: ['a → b, SPI 0x1', 'a → b, SPI 0x2'] }
const kernels = (held: Held, change: Readonly<Record<string, object>> = {}) => ({
  ...Object.fromEntries(nodes.map((node) => [node, { got: held }])),
  ...change,
})
const seen = (change: object = {}) => ({
  ...{ networks, before: kernels(empty), during: kernels(standing) },
  ...{ gone: polled(kernels(standing), kernels(empty)), ...change },
})

describe('judging what is left of removed networks', () => {
  it('passes with the time after which nothing was', () => {
    const judged = judge(nothingLeft, seen())
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.match(/stood on 3 nodes and more; 2 s after their removal/)
    expect(judged.measures[0]).to.include({ value: 2, bound: 30 })
  })

  it('fails for what the last look still saw, on its node', () => {
    const kept = { worker1: { got: { ...empty, traces: [trace('swp-ovl12-clear')] } } }
    const more = { worker2: { got: { ...empty, states: [...empty.states, 'a → b, SPI 0x2'] } } }
    const judged = judge(nothingLeft, seen({ gone: polled(kernels(empty, { ...kept, ...more })) }))
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems).to.deep.equal([
      {
        ...{ code: 'namespace-left', kind: 'seen', node: 'worker1' },
        ...{ network: 'swp-ovl12-clear', subject: '1--clear' },
      },
      { code: 'ipsec-state-left', kind: 'seen', node: 'worker2', subject: 'a → b, SPI 0x2' },
    ])
  })

  it('says nothing where the networks were not seen on two nodes while they stood', () => {
    const threw = { threw: 'the kernel state could not be read' }
    const half = { ...standing, traces: [trace('swp-ovl12-secret')] }
    const during = kernels({ ...half }, { manager: { got: standing } })
    expect(outcomeOf(judge(nothingLeft, seen({ during })))).to.equal('inconclusive')
    const blind = kernels(standing, { worker1: threw })
    expect(outcomeOf(judge(nothingLeft, seen({ during: blind })))).to.equal('pass')
  })

  it('says nothing of a node that could not be read before or afterwards, and judges the others', () => {
    const threw = { worker2: { threw: 'the kernel state could not be read' } }
    const before = judge(nothingLeft, seen({ before: kernels(empty, threw) }))
    expect(outcomeOf(before)).to.equal('inconclusive')
    expect(before.unseen[0]?.nodes).to.deep.equal(['worker2'])
    const kept = { worker1: { got: { ...empty, traces: [trace('swp-ovl12-clear')] } } }
    const gone = polled(kernels(empty, { ...threw, ...kept }))
    expect(outcomeOf(judge(nothingLeft, seen({ gone })))).to.equal('fail')
    const lacking = { manager: { missing: { what: 'bridge', of: 'tool', nodes: ['manager'] } } }
    const skipped = judge(
      nothingLeft,
      seen({ before: kernels(empty, lacking), gone: polled(kernels(empty, lacking)) }),
    )
    expect(outcomeOf(skipped)).to.equal('skip')
    expect(skipped.missing).to.have.lengthOf(1)
  })
})
