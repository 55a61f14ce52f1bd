import { expect } from 'chai'
import { describeProblem } from '../../../lib/observation/describe-problem.ts'
import { fakeCapture } from '../../../lib/capture/capture.fake.ts'
import { during } from '../../../lib/capture/during.ts'
import type { Wire } from '../../../lib/conformance/context.ts'
import type { HostState } from '../../../lib/observe/host-state.ts'
import { inject, type Target } from './injection.ts'
import {
  injectionControls,
  injectionProblems,
  type Outcome,
  outcomesOf,
} from '../judging/injection-outcomes.ts'

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
    expect(injectionProblems([injected(5, 1)]).map(describeProblem)).to.deep.equal([
      '1 of 5 frames in clear from outside reached vault on worker1 of secret',
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

describe('injecting frames', () => {
  const host = { name: 'worker1' }
  const node = { host, dataPath: { address: '192.168.56.12', interface: 'eth1' } }
  const endpoint = (last: number) => ({ address: `10.91.${last}.3`, mac: `02:42:0a:5b:0${last}:03` })
  const target = (name: string, last: number): Target =>
    ({
      network: { name, vni: 4096 + last, gateway: `10.91.${last}.1` },
      task: { service: name, node, pid: last, endpoints: { [name]: endpoint(last) } },
    }) as unknown as Target
  const inside = (last: number) => ({
    links: [{ name: 'eth0', mac: endpoint(last).mac, addresses: [{ address: endpoint(last).address }] }],
  })
  const states = new Map([
    ['worker1', { unavailable: [], namespaces: { aaa: inside(1), bbb: inside(2) } } as unknown as HostState],
  ])
  const wire: Wire = {
    during: (all, work) => during(Promise.resolve(all.map((one) => fakeCapture(one))), work),
  }
  const lab = {
    ...{ cluster: { dataPathPort: 4789 }, outsiders: [{ name: 'outsider' }], wire },
    ...{
      probe: { send: () => Promise.resolve([]) },
      facts: { nodes: [{ name: 'worker1', macs: { eth1: 'x' } }] },
    },
  } as unknown as Parameters<typeof inject>[0]

  it('records the interface of each task, also of two on one node whose interfaces have one name', async () => {
    const seen = await inject(lab, [target('secret', 1), target('clear', 2)], states)
    expect(Object.keys(seen.wires)).to.deep.equal([
      'worker1 eth0 in aaa',
      'worker1 eth0 in bbb',
      'worker1 eth1',
    ])
    expect(seen.injections.map((one) => `${one.to} ${one.inside}`)).to.deep.equal([
      'secret@worker1 worker1 eth0 in aaa',
      'clear@worker1 worker1 eth0 in bbb',
    ])
    expect(outcomesOf(seen).outcomes).to.have.lengthOf(2)
  })

  it('goes on without a task whose interface is in no namespace, and names its node', async () => {
    const seen = await inject(lab, [target('secret', 1), target('clear', 9)], states)
    expect(seen.injections).to.have.lengthOf(1)
    expect(outcomesOf(seen).unseen).to.deep.equal([{ what: 'the interface of a task', nodes: ['worker1'] }])
  })
})
