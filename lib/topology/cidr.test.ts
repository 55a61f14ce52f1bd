import { expect } from 'chai'
import { contains, networkOf, overlaps, prefixLengthOf } from './cidr.ts'

describe('subnet', () => {
  it('sees an overlap whichever block is larger', () => {
    expect(overlaps('10.0.0.0/8', '10.91.1.0/24')).to.equal(true)
    expect(overlaps('10.91.1.0/24', '10.0.0.0/8')).to.equal(true)
    expect(overlaps('10.91.1.0/24', '10.91.1.0/24')).to.equal(true)
    expect(overlaps('10.91.1.128/25', '10.91.1.0/24')).to.equal(true)
  })

  it('sees none between neighbours and between families', () => {
    expect(overlaps('10.91.1.0/24', '10.91.2.0/24')).to.equal(false)
    expect(overlaps('10.91.1.0/25', '10.91.1.128/25')).to.equal(false)
    expect(overlaps('0.0.0.0/0', 'fe80::/64')).to.equal(false)
  })

  it('takes a bare address for a block of one', () => {
    expect(overlaps('10.91.1.7', '10.91.1.0/24')).to.equal(true)
    expect(contains('10.91.1.0/24', '10.91.1.254')).to.equal(true)
    expect(contains('10.91.1.0/24', '10.91.2.1')).to.equal(false)
    expect(prefixLengthOf('10.91.1.0/24')).to.equal(24)
  })

  it('gives the block an address lies in', () => {
    expect(networkOf('172.18.0.1/16')).to.equal('172.18.0.0/16')
    expect(networkOf('172.18.0.0/16')).to.equal('172.18.0.0/16')
  })

  it('refuses what is no address', () => {
    expect(() => overlaps('default', '10.0.0.0/8')).to.throw()
  })
})
