import { expect } from 'chai'
import { nextSubnet, poolSubnets } from './pool-order.ts'

describe('networks of an address pool', () => {
  const subnets = poolSubnets(['10.60.0.0/25', '200.70.1.0/26'], 26)

  it('are its parts, pool after pool', () => {
    expect(subnets).to.deep.equal(['10.60.0.0/26', '10.60.0.64/26', '200.70.1.0/26'])
    expect(poolSubnets(['10.0.0.0/8'], 16)).to.have.lengthOf(256)
  })

  it('are given in turn by engines up to 26, also when an earlier one was freed', () => {
    const next = (taken: readonly string[], last?: string) =>
      nextSubnet(subnets, new Set(taken), last, '26.1.5')
    expect(next([])).to.equal('10.60.0.0/26')
    expect(next([], '10.60.0.0/26')).to.equal('10.60.0.64/26')
    expect(next(['10.60.0.64/26'], '10.60.0.0/26')).to.equal('200.70.1.0/26')
    expect(next(['10.60.0.64/26'], '200.70.1.0/26')).to.equal('10.60.0.0/26')
    expect(next(subnets, '10.60.0.0/26')).to.equal(undefined)
  })

  it('are given from the first that is free by engines from 27 on', () => {
    const next = (taken: readonly string[]) => nextSubnet(subnets, new Set(taken), '10.60.0.64/26', '28.5.2')
    expect(next(['10.60.0.64/26'])).to.equal('10.60.0.0/26')
    expect(next(['10.60.0.0/26', '10.60.0.64/26'])).to.equal('200.70.1.0/26')
  })
})
