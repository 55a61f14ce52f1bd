import { expect } from 'chai'
import { describePlaces, shortList } from './finding.ts'

const pairs = (count: number) => Array.from({ length: count }, (_, index) => ({ from: 'a', to: `n${index}` }))

describe('places of a finding', () => {
  it('are its pairs where there are few, else the nodes that account for them', () => {
    expect(describePlaces({ nodes: ['a'], pairs: pairs(2) })).to.deep.equal(['a → n0', 'a → n1'])
    expect(describePlaces({ nodes: ['a'], pairs: pairs(398) })).to.deep.equal(['a', '398 ordered pairs'])
    expect(describePlaces({ nodes: [], pairs: pairs(398) })).to.have.lengthOf(24)
    expect(describePlaces({ nodes: [], pairs: pairs(398) }).at(-1)).to.equal('and 375 more')
    expect(describePlaces({ nodes: ['a', 'b'], pairs: [] })).to.deep.equal(['a', 'b'])
  })

  it('are all named where they are as many as may be', () => {
    expect(shortList(['a', 'b', 'c'], 3)).to.deep.equal(['a', 'b', 'c'])
    expect(shortList(['a', 'b', 'c', 'd'], 3)).to.deep.equal(['a', 'b', 'and 2 more'])
  })
})
