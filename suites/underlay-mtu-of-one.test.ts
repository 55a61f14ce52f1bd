import { expect } from 'chai'
import { explainWithKernel } from './golden/altered-case.fake.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'

const carrying =
  (bytes: Readonly<Record<string, number>>): ChangeKernel =>
  ({ root }, node) => {
    for (const link of root.links) if (link.name === 'eth1') link.mtuBytes = bytes[node] ?? link.mtuBytes
  }
const titleWith = (change: ChangeKernel): string | undefined =>
  explainWithKernel('underlay-mtu', change).findings[0]?.title

describe('an underlay that carries less than overlays assume', function () {
  this.timeout(20_000)

  it('is named with the interface where one node alone has a smaller MTU, also beside jumbo frames', () => {
    expect(titleWith(() => {})).to.contain('eth1 of worker2 carries 1400 bytes, that of the other nodes 1500')
    expect(titleWith(carrying({ manager: 9000, worker1: 9000 }))).to.contain('that of the other nodes 9000')
  })

  it('is of no single interface where the others carry no more', () => {
    expect(titleWith(carrying({ manager: 1400, worker1: 1400 }))).to.match(/assume \(worker2\)$/)
    expect(titleWith(carrying({ manager: 9000, worker1: 1400 }))).to.match(/assume \(worker2\)$/)
  })
})
