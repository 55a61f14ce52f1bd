import { expect } from 'chai'
import { overlapBounds } from './overlap-bounds.ts'

const nodes = (...cpus: number[]) => cpus.map((count) => ({ role: 'worker' as const, cpus: count }))

describe('how much is verified side by side', () => {
  it('is one after another where a node has one processor, and at most four', () => {
    const requirements = (...cpus: number[]): number =>
      overlapBounds(nodes(...cpus), { owned: true }).requirements
    expect([requirements(1, 8), requirements(2, 8), requirements(16, 16)]).to.deep.equal([1, 2, 4])
    expect(overlapBounds(nodes(1, 1), { owned: true, atOnce: 3 }).requirements).to.equal(3)
  })

  it('is fewer tasks on hosts that are somebody’s; a host outside the swarm runs none', () => {
    const lab = [...nodes(2, 2, 2), { role: 'outsider' as const, cpus: 1 }]
    expect(overlapBounds(lab, { owned: true })).to.deep.equal({ requirements: 2, tasks: 12 })
    expect(overlapBounds(lab, { owned: false })).to.deep.equal({ requirements: 2, tasks: 6 })
  })
})
