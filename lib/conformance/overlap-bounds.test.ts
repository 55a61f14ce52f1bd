import { expect } from 'chai'
import { overlapBounds } from './overlap-bounds.ts'

const nodes = (...cpus: number[]) => cpus.map((count) => ({ role: 'worker' as const, cpus: count }))

describe('how much is verified side by side', () => {
  it('is as many as the weakest node has processors, four at most; on labs of our own two at least', () => {
    const requirements = (owned: boolean, ...cpus: number[]): number =>
      overlapBounds(nodes(...cpus), { owned }).requirements
    const [own, existing] = [true, false].map((owned) =>
      [
        [1, 8],
        [2, 8],
        [16, 16],
      ].map((cpus) => requirements(owned, ...cpus)),
    )
    expect([own, existing]).to.deep.equal([
      [2, 2, 4],
      [1, 2, 4],
    ])
    expect(overlapBounds(nodes(1, 1), { owned: true, atOnce: 3 }).requirements).to.equal(3)
  })

  it('is fewer tasks on hosts that are somebody’s; a host outside the swarm runs none', () => {
    const lab = [...nodes(2, 2, 2), { role: 'outsider' as const, cpus: 1 }]
    expect(overlapBounds(lab, { owned: true })).to.deep.equal({ requirements: 2, tasks: 12 })
    expect(overlapBounds(lab, { owned: false })).to.deep.equal({ requirements: 2, tasks: 6 })
  })
})
