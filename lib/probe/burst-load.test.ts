import { expect } from 'chai'
import { askedLoad, existingLoad, labLoad, readLoad, sharedLoad } from './burst-load.ts'

describe('the load of bursts', () => {
  it('is a whole number from 1 to 1,000', () => {
    expect([readLoad('1'), readLoad('50'), readLoad('1000')]).to.deep.equal([1, 50, 1000])
    for (const text of ['0', '1001', '-1', '1.5', '50/s', '', '1e3'])
      expect(() => readLoad(text), text).to.throw(/from 1 to 1000/)
  })

  it('is four seconds of what was asked for, and 200 datagrams at least', () => {
    expect(askedLoad(10)).to.include({ datagrams: 200, perSecond: 10 })
    expect(askedLoad(500)).to.include({ datagrams: 2000, perSecond: 500 })
    expect(existingLoad.perSecond).to.be.below(50)
  })

  it('is sent more slowly, and none of it left out, where there are more flows than among nine nodes', () => {
    expect(sharedLoad(labLoad, 3 * 9 * 8)).to.equal(labLoad)
    expect(sharedLoad(labLoad, 3 * 20 * 19)).to.deep.equal({ ...labLoad, perSecond: 10 })
    expect(sharedLoad(existingLoad, 100_000).perSecond).to.equal(1)
  })
})
