import { expect } from 'chai'
import { machineEnvironment } from './machine.ts'

describe('the environment of an emulated machine', () => {
  it('asks malloc for huge pages', () => {
    expect(machineEnvironment({ LD_LIBRARY_PATH: '/q' })).to.deep.equal({
      LD_LIBRARY_PATH: '/q',
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    })
  })

  it('keeps what the user tells malloc', () => {
    const tunables = (words: string): string | undefined =>
      machineEnvironment({ GLIBC_TUNABLES: words })['GLIBC_TUNABLES']
    expect(tunables('glibc.malloc.arena_max=1')).to.equal('glibc.malloc.arena_max=1:glibc.malloc.hugetlb=1')
    expect(tunables('glibc.malloc.hugetlb=0')).to.equal('glibc.malloc.hugetlb=0')
  })
})
