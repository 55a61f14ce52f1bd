import { expect } from 'chai'
import type { HostState } from '../../lib/observe/host-state.ts'
import { verdictOf } from '../verdict-of.fake.ts'
import { interfaces } from './mtu-01-interfaces.ts'
import { names, nodeWith, viewOfClear } from './sized-nodes.fake.ts'

const kernel: Readonly<Record<string, HostState>> = Object.fromEntries(
  names.map((name) => [name, nodeWith(name)]),
)
const views = Object.fromEntries(names.map((name) => [name, [viewOfClear()]]))
const problemsOf = (states: object, of: object = views): string[] =>
  verdictOf(interfaces, { kernel: states, views: of }).problems.map(
    ({ code, node, subject }) => `${node} ${code} ${subject}`,
  )

describe('MTU-01', () => {
  it('passes where all interfaces have what the engine computes', () => {
    expect(verdictOf(interfaces, { kernel, views })).to.include({ outcome: 'pass' })
  })

  it('fails for each interface of one node that differs', () => {
    expect(problemsOf({ ...kernel, worker1: nodeWith('worker1', 1400) })).to.deep.equal([
      'worker1 interface-mtu-wrong br0',
      'worker1 interface-mtu-wrong vxlan0',
      'worker1 interface-mtu-wrong eth0 of the load balancer',
      'worker1 interface-mtu-wrong eth0 of swp-web@worker1',
      'worker1 interface-mtu-wrong eth0 of swp-rr@worker1',
    ])
  })

  it('fails where the underlay of a node carries less than the overlay was made for', () => {
    expect(problemsOf({ ...kernel, worker2: nodeWith('worker2', 1450, 1400) })).to.deep.equal([
      'worker2 larger-than-underlay eth1',
    ])
  })

  it('takes the option of the network as what is stated for the underlay', () => {
    const small = Object.fromEntries(names.map((name) => [name, [viewOfClear(1300)]]))
    const states = Object.fromEntries(names.map((name) => [name, nodeWith(name, 1250)]))
    expect(problemsOf(states, small)).to.deep.equal([])
  })

  it('judges what was read where one node was not, and is skipped for its tool alone', () => {
    const unavailable = [{ what: 'namespaces', tool: 'nsenter', package: 'util-linux' }]
    const blind = { ...nodeWith('manager'), namespaces: {}, unavailable }
    expect(verdictOf(interfaces, { kernel: { ...kernel, manager: blind }, views }).outcome).to.equal('skip')
    expect(problemsOf({ ...kernel, manager: blind, worker2: nodeWith('worker2', 1450, 1400) })).to.deep.equal(
      ['worker2 larger-than-underlay eth1'],
    )
  })
})
