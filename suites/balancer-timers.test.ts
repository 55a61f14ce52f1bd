import { expect } from 'chai'
import { explainWithKernel } from './golden/altered-case.fake.ts'

interface Idle {
  timers: Record<string, { got: { tcpSeconds: number }[] } | { missing: object }>
  connections: { probe: { fromNode: string; outcome: string; replies: string[] } }[]
}

/** The golden case, with other time-outs. */
const causesWhere = (change: (seen: Idle) => void) =>
  explainWithKernel('idle-connections-forgotten', () => {}, {
    'LB-05': (seen) => change(seen as Idle),
  })
    .findings.filter(({ severity }) => severity === 'cause')
    .map(({ code, nodes, explains }) => [code, nodes, explains])

function set({ timers }: Idle, seconds: number, ...nodes: readonly string[]): void {
  for (const node of nodes) {
    const looked = timers[node]
    if (looked === undefined || !('got' in looked)) throw new Error(`${node} was not looked at`)
    for (const look of looked.got) look.tcpSeconds = seconds
  }
}

const named = ['balancer-settings-differ', ['worker2'], ['LB-05']]

describe('a balancer that forgets connections', () => {
  it('sooner than they were idle is the cause, with what it was told', () => {
    expect(causesWhere(() => {})).to.deep.equal([named])
    expect(causesWhere((seen) => set(seen, 39, 'worker2'))).to.deep.equal([named])
    // On the others, whose connections were not lost, it is of no matter.
    expect(causesWhere((seen) => set(seen, 10, 'manager', 'worker1'))).to.deep.equal([named])
  })

  it('on every node is a cause of each', () => {
    const found = causesWhere((seen) => {
      set(seen, 20, 'manager')
      for (const { probe } of seen.connections)
        if (probe.fromNode === 'manager') Object.assign(probe, { outcome: 'timeout', replies: [''] })
    })
    expect(found).to.have.deep.members([named, ['balancer-settings-differ', ['manager'], ['LB-05']]])
  })

  it('later than they were idle, or as nobody read, is none', () => {
    const codes = (change: (seen: Idle) => void): unknown[] => causesWhere(change).map(([code]) => code)
    expect(codes((seen) => set(seen, 900, 'worker2'))).to.not.include('balancer-settings-differ')
    const unread = codes(({ timers }) => (timers['worker2'] = { missing: {} }))
    expect(unread).to.not.include('balancer-settings-differ')
  })
})
