import { expect } from 'chai'
import { editDistance, nearMisses } from './near-miss.ts'

describe('near miss', () => {
  it('counts edits, a swap as one', () => {
    expect(editDistance('manager', 'manager')).to.equal(0)
    expect(editDistance('wroker', 'worker')).to.equal(1)
    expect(editDistance('abc', '')).to.equal(3)
    expect(editDistance('kitten', 'sitting')).to.equal(3)
  })

  it('offers what is near, nearest first, and nothing far', () => {
    expect(nearMisses('enc-1', ['ENC-01', 'ENC-10', 'OVL-01'])).to.deep.equal(['ENC-01', 'ENC-10'])
    expect(nearMisses('subnt', ['subnet', 'mtuBytes'])).to.deep.equal(['subnet'])
    expect(nearMisses('zebra', ['subnet', 'role'])).to.deep.equal([])
  })
})
