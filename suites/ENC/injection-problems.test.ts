import { expect } from 'chai'
import type { Packet } from '../../lib/packet/packet.ts'
import type { OverlayNetwork, Task } from '../../lib/swarm/cluster.ts'
import { type Injected, requireControl } from '../scene/injection.ts'
import { injectionProblems } from './injection-problems.ts'

const frames = (count: number): Packet[] => Array.from({ length: count }, () => ({}) as Packet)
const injected = (cameIn: number, arrived: number): Injected => ({
  network: { name: 'secret', vni: 4098 } as OverlayNetwork,
  task: { service: 'vault', node: { host: { name: 'worker1' } } } as Task,
  sent: 5,
  cameIn: frames(cameIn),
  arrived: frames(arrived),
})

describe('injected frames', () => {
  it('are no problem where none reached the task', () => {
    expect(injectionProblems([injected(5, 0)], '')).to.deep.equal([])
  })

  it('are a problem from the first on, with the task and what was sent', () => {
    expect(injectionProblems([injected(5, 1)], ', later')).to.deep.equal([
      '1 of 5 frames in clear with VNI 4098 reached vault@worker1 of secret, later',
    ])
  })

  it('prove nothing when the control did not arrive whole, or there was none', () => {
    const judged = [injected(5, 0)]
    expect(() => requireControl([injected(5, 5)], judged)).to.not.throw()
    expect(() => requireControl([injected(5, 4)], judged)).to.throw('4 of 5 frames reached vault@worker1')
    expect(() => requireControl([], judged)).to.throw('no task of an unencrypted network')
  })

  it('prove nothing when they did not come in at the node', () => {
    expect(() => requireControl([injected(5, 5)], [injected(0, 0)])).to.throw(
      '0 of 5 frames came in at worker1',
    )
  })
})
