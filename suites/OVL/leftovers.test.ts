import { expect } from 'chai'
import type { HostState, NamespaceState } from '../../lib/observe/host-state.ts'
import { hostState, link, namespace } from '../host-states.fake.ts'
import {
  type Footprint,
  holdings,
  leftProblems,
  tracesOf,
  traceText,
  unreadNodes,
  xfrmMore,
} from './leftovers.ts'

const network: Footprint = {
  id: 'abcdefghijklmnop',
  name: 'gone',
  subnet: '10.0.9.0/24',
  vni: 4105,
  macs: ['02:42:0a:00:09:03'],
}
const nothing = namespace([])
const vxlan = (name: string, vni: number) => ({
  ...link(name, 1450, { kind: 'vxlan' }),
  vxlan: { vni, port: 4789 },
})
const state = (root: NamespaceState, namespaces: Record<string, NamespaceState> = {}): HostState =>
  hostState('worker1', root, namespaces)
const left: NamespaceState = {
  ...namespace([link('br0', 1450, { kind: 'bridge', addresses: ['10.0.9.1/24'] }), vxlan('vxlan0', 4105)]),
  fdb: [{ mac: '02:42:0a:00:09:03', device: 'vxlan0', permanent: true }],
}

describe('tracesOf', () => {
  it('finds nothing of another network', () => {
    const other = namespace([
      { ...vxlan('vxlan0', 4099), addresses: [{ family: 'inet', address: '10.0.8.1', prefixLength: 24 }] },
    ])
    expect(tracesOf(network, state(other, { '1-zzzzzzzzzz': other }))).to.deep.equal([])
  })

  it('finds namespaces, devices, bridges and forwarding entries', () => {
    expect(tracesOf(network, state(nothing, { '1-abcdefghij': left })).map(traceText)).to.deep.equal([
      'namespace 1-abcdefghij',
      'VXLAN device vxlan0 in namespace 1-abcdefghij',
      'interface br0 (10.0.9.1) in namespace 1-abcdefghij',
      'forwarding entry 02:42:0a:00:09:03 in namespace 1-abcdefghij',
    ])
    const device = namespace([link('vx-001009-abcde', 1450, { kind: 'vxlan' })])
    expect(tracesOf(network, state(device)).map(traceText)).to.deep.equal([
      'VXLAN device vx-001009-abcde in the host’s own namespace',
    ])
  })
})

describe('xfrmMore', () => {
  it('names what was not there before', () => {
    const before = { states: ['a → b, SPI 0x1'], policies: [] }
    expect(xfrmMore(before, before)).to.deep.equal([])
    expect(
      xfrmMore(before, { states: ['a → b, SPI 0x1', 'a → b, SPI 0x2'], policies: ['out a'] }),
    ).to.deep.equal(['xfrm state a → b, SPI 0x2', 'xfrm policy out a'])
  })
})

describe('what is left of networks', () => {
  const of = (worker1: HostState | undefined) =>
    holdings(worker1 === undefined ? {} : { worker1 }, ['worker1'], [network])

  it('is named by the node that holds it', () => {
    expect(leftProblems(of(state(nothing)))).to.deep.equal([])
    expect(leftProblems(of(state(nothing, { '1-abcdefghij': nothing })))).to.deep.equal([
      {
        ...{ code: 'left-after-removal', kind: 'seen', node: 'worker1', network: 'gone' },
        subject: 'namespace 1-abcdefghij',
      },
    ])
  })

  it('is IPsec, too, where it is known what there was before', () => {
    const policy = { direction: 'out', source: 'a', destination: 'b' }
    const more = { ...state(nothing), securityPolicies: [policy] } as unknown as HostState
    expect(leftProblems(of(more))).to.deep.equal([])
    expect(leftProblems(of(more), of(more))).to.deep.equal([])
    expect(leftProblems(of(more), of(state(nothing)))).to.deep.equal([
      {
        ...{ code: 'ipsec-left-after-removal', kind: 'seen', node: 'worker1' },
        subject: 'xfrm policy out a → b, SPI none',
      },
    ])
  })

  it('is not known of a node, a table or an own namespace that could not be read', () => {
    expect(unreadNodes(of(state(nothing)))).to.deep.equal([])
    expect(unreadNodes(of(undefined))).to.deep.equal(['worker1'])
    const lacks = (what: string, tool: string) =>
      unreadNodes(of({ ...state(nothing), unavailable: [{ what, tool, package: '' }] }))
    expect(lacks("output of bridge in the host's own namespace", 'bridge')).to.deep.equal(['worker1'])
    expect(lacks('namespace /run/docker/netns/1-abcdefghij', 'nsenter')).to.deep.equal(['worker1'])
    expect(lacks('namespace /run/docker/netns/1-zzzzzzzzzz', 'nsenter')).to.deep.equal([])
    const toolless = {
      ...state(nothing),
      unavailable: [{ what: 'FDB', tool: 'bridge', package: 'iproute2' }],
    }
    expect(unreadNodes(of(toolless))).to.deep.equal([])
    expect(of(toolless).worker1).to.have.property('missing')
  })
})
