import { expect } from 'chai'
import type { HostState } from '../../lib/observe/host-state.ts'
import { hostState, link, namespace } from '../host-states.fake.ts'
import {
  type NetworkIdentity,
  footprintOf,
  heldBy,
  ipsecProblems,
  traceProblems,
  tracesOf,
} from './leftovers.ts'

const gone: NetworkIdentity = {
  ...{ id: 'abcdefghijklmnop', name: 'swp-gone', subnet: '10.0.9.0/24', vni: 4105 },
  macs: ['02:42:0a:00:09:03'],
}
const root = namespace([link('eth1', 1500, { addresses: ['192.168.56.11/24'] })])
const vxlan = (name: string, vni: number) => ({
  ...link(name, 1450, { kind: 'vxlan' }),
  vxlan: { vni, port: 4789 },
})
const left = {
  ...namespace([link('br0', 1450, { kind: 'bridge', addresses: ['10.0.9.1/24'] }), vxlan('vxlan0', 4105)]),
  fdb: [{ mac: '02:42:0a:00:09:03', device: 'vxlan0', vtep: '192.168.56.12', permanent: true }],
}
const traces = [
  { kind: 'namespace', network: 'swp-gone', subject: '1-abcdefghij' },
  { kind: 'vxlan-device', network: 'swp-gone', subject: 'vxlan0 in 1-abcdefghij' },
  { kind: 'address', network: 'swp-gone', subject: 'br0 in 1-abcdefghij', address: '10.0.9.1' },
  {
    ...{ kind: 'forwarding-entry', network: 'swp-gone', subject: '1-abcdefghij' },
    address: '02:42:0a:00:09:03',
  },
]

describe('what a kernel holds of a network', () => {
  it('is nothing of another one', () => {
    const other = namespace([vxlan('vxlan0', 4099), link('br0', 1450, { addresses: ['10.0.8.1/24'] })])
    expect(tracesOf(gone, hostState('worker1', root, { '1-zzzzzzzzzz': other }))).to.deep.equal([])
    expect(tracesOf({ ...gone, subnet: '' }, hostState('worker1', root))).to.deep.equal([])
  })

  it('is namespaces, devices, bridges and forwarding entries', () => {
    expect(tracesOf(gone, hostState('worker1', root, { '1-abcdefghij': left }))).to.deep.equal(traces)
    const balancer = hostState('worker1', root, { lb_abcdefghi: namespace([]) })
    expect(tracesOf(gone, balancer).map(({ subject }) => subject)).to.deep.equal(['lb_abcdefghi'])
    const device = namespace([link('vx-001009-abcde', 1450, { kind: 'vxlan' })])
    expect(tracesOf(gone, hostState('worker1', device)).map(({ subject }) => subject)).to.deep.equal([
      'vx-001009-abcde in the host’s own namespace',
    ])
  })

  it('is told of each node, or why it could not be read', () => {
    const states: Record<string, HostState> = {
      worker1: {
        ...hostState('worker1', root, { '1-abcdefghij': left }),
        securityAssociations: [
          {
            ...{
              source: '192.168.56.11',
              destination: '192.168.56.12',
              spi: '0x0000abcd',
              mode: 'transport',
            },
            ...{ requestId: 1, replayWindow: 0, algorithm: 'rfc4106(gcm(aes))', icvBits: 64 },
          },
        ],
      },
      worker2: {
        ...hostState('worker2', root),
        unavailable: [{ what: 'fdb', tool: 'bridge', package: 'iproute2' }],
      },
    }
    const held = heldBy(states, ['worker1', 'worker2', 'worker3'], [gone])
    expect(held.worker1).to.deep.equal({
      got: { traces, states: ['192.168.56.11 → 192.168.56.12, SPI 0x0000abcd'], policies: [] },
    })
    expect(held.worker2).to.have.nested.property('missing.what', 'bridge')
    expect(held.worker3).to.have.property('threw')
  })

  it('is not known where a namespace of its own could not be entered, and is where one of others could not', () => {
    const closed = (name: string) => ({
      ...hostState('worker1', root),
      unavailable: [{ what: `namespace /run/docker/netns/${name}`, tool: 'nsenter', package: '' }],
    })
    const held = (name: string) => heldBy({ worker1: closed(name) }, ['worker1'], [gone]).worker1
    expect(held('1-abcdefghij')).to.have.property('threw')
    expect(held('lb_abcdefghi')).to.have.property('threw')
    expect(held('2-abcdefghij')).to.have.property('threw')
    expect(held('1-zzzzzzzzzz')).to.have.property('got')
  })

  it('is looked for by the MACs its tasks had there', () => {
    const endpoint = { address: '10.0.9.3', mac: '02:42:0a:00:09:03', prefixLength: 24 }
    const network = { ...gone, gateway: '10.0.9.1', encrypted: false, ingress: false }
    const tasks = [{ endpoints: { 'swp-gone': endpoint } }, { endpoints: { other: endpoint } }]
    expect(footprintOf(network, tasks)).to.deep.equal(gone)
  })
})

describe('what is left', () => {
  it('is a problem of the node for each trace', () => {
    const problems = traceProblems('worker1', { traces: traces as never })
    expect(problems.map(({ code }) => code)).to.deep.equal([
      ...['namespace-left', 'vxlan-device-left', 'address-left', 'forwarding-entry-left'],
    ])
    expect(problems[2]).to.deep.equal({
      ...{ code: 'address-left', kind: 'seen', node: 'worker1', network: 'swp-gone' },
      ...{ subject: 'br0 in 1-abcdefghij', address: '10.0.9.1' },
    })
  })

  it('is what IPsec has more than before', () => {
    const before = { traces: [], states: ['a → b, SPI 0x1'], policies: [] }
    expect(ipsecProblems('worker1', before, before)).to.deep.equal([])
    const after = { traces: [], states: ['a → b, SPI 0x1', 'a → b, SPI 0x2'], policies: ['out a → b'] }
    expect(ipsecProblems('worker1', before, after)).to.deep.equal([
      { code: 'ipsec-state-left', kind: 'seen', node: 'worker1', subject: 'a → b, SPI 0x2' },
      { code: 'ipsec-policy-left', kind: 'seen', node: 'worker1', subject: 'out a → b' },
    ])
  })
})
