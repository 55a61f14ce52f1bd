import { expect } from 'chai'
import { readPairs } from './pairs-option.ts'

describe('--pairs', () => {
  it('takes all, or the seed that a report names', () => {
    expect(['all', '0', '4242', '4294967295'].map(readPairs)).to.deep.equal(['all', 0, 4242, 4_294_967_295])
    for (const text of ['', 'ALL', '-1', '4294967296', '1.5', '1e3', 'some'])
      expect(() => readPairs(text), text).to.throw(/neither all nor a seed/)
  })
})
