import { expect } from 'chai'
import { ratioOf, spreadOf } from './spread.ts'

describe('spread', () => {
  it('is the median, the smallest and the largest', () => {
    expect(spreadOf([3, 1, 2])).to.deep.equal({ median: 2, min: 1, max: 3, samples: 3 })
    expect(spreadOf([4, 1, 2, 3.33333])).to.deep.equal({ median: 2.67, min: 1, max: 4, samples: 4 })
  })

  it('divides neighbours, not medians', () => {
    expect(ratioOf([1, 10, 50], [2, 10, 100])).to.deep.equal({ median: 0.5, min: 0.5, max: 1, samples: 3 })
  })

  it('is refused where there is nothing to compare', () => {
    expect(() => spreadOf([])).to.throw(RangeError)
    expect(() => ratioOf([1], [])).to.throw('1 samples over 0')
  })
})
