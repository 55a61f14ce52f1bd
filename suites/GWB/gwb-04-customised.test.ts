import { expect } from 'chai'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { hostState, namespace } from '../host-states.fake.ts'
import { verdictOf } from '../verdict-of.fake.ts'
import { bridgeView, facts, names, node } from './bridged-nodes.fake.ts'
import { customisedBridge } from './gwb-04-customised.ts'

describe('GWB-04', () => {
  const swarm = { ...facts.topology.swarm, gatewayBridge: { subnet: '172.18.0.0/16', mtuBytes: 1380 } }
  const on: ClusterFacts = { ...facts, topology: { ...facts.topology, swarm } }
  const made = { ...bridgeView, options: { 'com.docker.network.driver.mtu': '1380' } }
  const stated = Object.fromEntries(names.map((name) => [name, [made]]))
  const small = Object.fromEntries(names.map((name) => [name, node(name, [], 1380)]))

  it('passes where engine, kernel and tasks have what was asked for', () => {
    expect(verdictOf(customisedBridge, { kernel: small, views: stated }, on).outcome).to.equal('pass')
  })

  it('fails for what the engine states and for each interface that differs', () => {
    const seen = {
      kernel: { ...small, worker1: node('worker1') },
      views: { ...stated, manager: [bridgeView] },
    }
    expect(
      verdictOf(customisedBridge, seen, on).problems.map(({ code, node: at }) => `${at} ${code}`),
    ).to.deep.equal([
      'manager engine-states-otherwise',
      'worker1 interface-mtu-wrong',
      'worker1 interface-mtu-wrong',
      'worker1 interface-mtu-wrong',
    ])
  })

  it('fails where a node has no bridge or a task no interface on it', () => {
    const { root, namespaces } = node('worker2', [], 1380)
    const first = Object.keys(namespaces)[0] ?? ''
    const loose = { ...namespaces, [first]: namespace(namespaces[first]?.links.slice(0, 1) ?? []) }
    const seen = {
      views: stated,
      kernel: {
        ...small,
        worker2: hostState('worker2', root, loose),
        manager: hostState('manager', namespace([])),
      },
    }
    const codes = verdictOf(customisedBridge, seen, on).problems.map(({ code }) => code)
    expect([...codes].sort()).to.deep.equal(['gateway-interface-missing', 'interface-missing'])
  })
})
