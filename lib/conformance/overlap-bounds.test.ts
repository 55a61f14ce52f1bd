import { expect } from 'chai'
import { overlapBounds } from './overlap-bounds.ts'

const nodes = (...cpus: number[]) => cpus.map((count) => ({ role: 'worker' as const, cpus: count }))

describe('how much is verified side by side', () => {
  it('is as many as the weakest node has processors, four at most; on labs of our own two at least, four on three machines', () => {
    const requirements = (owned: boolean, sharesKernel: boolean): number[] =>
      [
        [1, 8],
        [2, 8],
        [1, 1, 1, 1],
        [16, 16],
      ].map((cpus) => overlapBounds(nodes(...cpus), { owned, sharesKernel }).requirements)
    expect(requirements(true, false), 'machines').to.deep.equal([4, 4, 2, 4])
    expect(requirements(true, true), 'containers').to.deep.equal([2, 2, 2, 4])
    expect(requirements(false, false), 'of others').to.deep.equal([1, 2, 1, 4])
    expect(overlapBounds(nodes(1, 1), { owned: true, atOnce: 3 }).requirements).to.equal(3)
  })

  it('is fewer tasks on hosts that are somebody’s; a host outside the swarm runs none', () => {
    const lab = [...nodes(2, 2, 2), { role: 'outsider' as const, cpus: 1 }]
    expect(overlapBounds(lab, { owned: true })).to.deep.equal({ requirements: 4, tasks: 12 })
    expect(overlapBounds(lab, { owned: false })).to.deep.equal({ requirements: 2, tasks: 6 })
  })
})
