import { expect } from 'chai'
import type { Path } from '../observation/problem.ts'
import { describeOneWay, oneWayCulprits } from './one-way.ts'

const nodes = ['a', 'b', 'c']
const all: Path[] = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })))
const described = (concerned: readonly Path[], measured = all): string =>
  describeOneWay(oneWayCulprits(concerned, measured), concerned)

describe('ends of ordered pairs', () => {
  it('are the sender, the receiver or both, where one accounts for all pairs', () => {
    expect(described(all.filter(({ from }) => from === 'b'))).to.equal('that b sends')
    expect(described(all.filter(({ to }) => to === 'b'))).to.equal('that b should receive')
    expect(described(all.filter(({ from, to }) => from === 'b' || to === 'b'))).to.equal('to and from b')
    expect(described(all.filter(({ from }) => from !== 'c'))).to.equal('that a and b send')
  })

  it('are none where one does not account for all, or every pair is concerned', () => {
    expect(described([{ from: 'a', to: 'b' }])).to.equal('from a to b')
    expect(
      described([
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' },
      ]),
    ).to.equal('from a to b and from b to c')
    expect(described(all)).to.equal('of 6 ordered pairs of nodes')
    expect(described([...all.filter(({ from }) => from === 'b'), { from: 'a', to: 'c' }])).to.equal(
      'of 3 ordered pairs of nodes',
    )
  })

  it('cannot be told of two nodes', () => {
    const two = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
    ]
    expect(described(two.slice(0, 1), two)).to.equal('from a to b')
  })
})
