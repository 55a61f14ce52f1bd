import { expect } from 'chai'
import { boundAmong } from './bound-among.ts'

describe('a bound of time among nodes', () => {
  it('is as stated up to ten, then in proportion', () => {
    expect([3, 10, 11, 20, 200].map((nodes) => boundAmong(nodes, 30_000))).to.deep.equal([
      30_000, 30_000, 33_000, 60_000, 600_000,
    ])
  })
})
