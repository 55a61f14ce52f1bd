import { expect } from 'chai'
import { culprits } from './lab-view.ts'
import { oneWayCulprits } from './one-way.ts'

const nodes = ['a', 'b', 'c', 'd', 'e']
const partners = { a: ['c'], b: ['d'], c: ['b'], d: ['e'], e: ['a'] }
const tried = Object.entries(partners).flatMap(([from, to]) => to.map((one) => ({ from, to: one })))
const failing = tried.filter(({ from }) => from !== 'd')

describe('nodes that account for pairs of a sample', () => {
  it('are not a sound one that was tried with such nodes alone', () => {
    const pairs = { seed: 1, taken: tried.length, of: 20, partners }
    expect(culprits(failing, nodes, { pairs })).to.deep.equal(['a', 'b'])
  })

  it('are all that cannot be told apart', () => {
    const all = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })))
    const ofTwo = all.filter(({ from, to }) => [from, to].some((node) => ['a', 'b'].includes(node)))
    expect(culprits(ofTwo, nodes)).to.deep.equal(['a', 'b'])
    expect(oneWayCulprits(ofTwo, all)).to.deep.equal({ senders: ['a', 'b'], receivers: ['a', 'b'] })
    expect(culprits(all, nodes)).to.deep.equal([])
  })
})
