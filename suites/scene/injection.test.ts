import { expect } from 'chai'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { injectionControls, injectionProblems, type Outcome } from './injection.ts'

const refs = (count: number) => Array.from({ length: count }, (_, index) => ({ file: 'x.pcap', index }))
const injected = (cameIn: number, arrived: number): Outcome => ({
  ...{ to: 'vault@worker1', service: 'vault', node: 'worker1', network: 'secret', vni: 4098, sent: 5 },
  ...{ word: 'frame-0', underlay: 'worker1 eth1', inside: 'worker1 eth0 in net' },
  ...{ cameIn: refs(cameIn), arrived: refs(arrived) },
})
const held = (control: Outcome[], judged: Outcome[]): boolean[] =>
  injectionControls(control, judged).map((one) => one.held)

describe('injected frames', () => {
  it('are no problem where none reached the task', () => {
    expect(injectionProblems([injected(5, 0)])).to.deep.equal([])
  })

  it('are a problem from the first on, with the task and what was sent', () => {
    expect(injectionProblems([injected(5, 1)], 'later').map(describeProblem)).to.deep.equal([
      'later: 1 of 5 frames in clear from outside reached vault on worker1 of secret',
    ])
  })

  it('prove nothing when the control did not arrive whole, or there was none', () => {
    const judged = [injected(5, 0)]
    expect(held([injected(5, 5)], judged)).to.deep.equal([true, true])
    expect(held([injected(5, 4)], judged)).to.deep.equal([false, true])
    expect(held([], judged)).to.deep.equal([false, true])
  })

  it('prove nothing when they did not come in at the node', () => {
    expect(held([injected(5, 5)], [injected(0, 0)])).to.deep.equal([true, false])
  })
})
