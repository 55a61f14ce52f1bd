import { expect } from 'chai'
import { overlaps } from '../topology/cidr.ts'
import { freeBlock, fromEndOf } from './free-block.ts'

describe('freeBlock', () => {
  it('finds the only gap wherever it begins to look', () => {
    const inUse = ['10.0.0.0/9', '10.128.0.0/10', '10.192.0.0/11', '10.224.0.0/12', '10.240.0.0/13']
    const rest = ['10.248.0.0/14', '10.252.0.0/15', '10.255.0.0/16', '10.254.0.0/17', '10.254.128.7']
    for (const chance of [0, 0.3, 0.99, 0.999_999]) {
      const found = freeBlock(['10.0.0.0/8'], 17, [...inUse, ...rest.slice(0, 4)], () => chance)
      expect(found).to.equal('10.254.128.0/17')
      expect(freeBlock(['10.0.0.0/8'], 17, [...inUse, ...rest], () => chance)).to.equal(undefined)
    }
  })

  it('overlaps nothing in use, larger and smaller blocks and single addresses', () => {
    const inUse = ['172.16.0.0/13', '172.24.3.7', '172.26.0.0/16', 'default', 'fe80::/64', '172.30.1.128/25']
    let seed = 7
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
    for (let round = 0; round < 60; round += 1) {
      const found = freeBlock(['172.16.0.0/12'], 24, inUse, random) ?? ''
      for (const block of inUse.filter((one) => /^\d/.test(one)))
        expect(overlaps(found, block)).to.equal(false)
      expect(overlaps(found, '172.16.0.0/12')).to.equal(true)
    }
  })

  it('takes ranges in their order', () => {
    const found = freeBlock(['172.16.0.0/16', '10.0.0.0/8'], 24, ['172.16.0.0/12'], () => 0.5)
    expect(found).to.equal('10.128.0.0/24')
  })

  it('counts from the end', () => {
    expect(fromEndOf('10.91.1.0/24', 1)).to.equal('10.91.1.254')
    expect(fromEndOf('198.18.16.0/20', 1)).to.equal('198.18.31.254')
  })
})
