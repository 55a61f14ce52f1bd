import { expect } from 'chai'
import type { HostState } from '../../lib/observe/host-state.ts'
import { type Footprint, tracesOf, xfrmMore } from './leftovers.ts'

const network: Footprint = {
  id: 'abcdefghijklmnop',
  name: 'gone',
  subnet: '10.0.9.0/24',
  vni: 4105,
  macs: new Set(['02:42:0a:00:09:03']),
}
const nothing = { inode: 'net:[1]', links: [], routes: [], neighbours: [], fdb: [], ipvs: [], firewall: [] }
const state = (root: object, namespaces: object = {}) =>
  ({ root: { ...nothing, ...root }, namespaces }) as unknown as HostState

describe('tracesOf', () => {
  it('finds nothing of another network', () => {
    const other = {
      ...nothing,
      links: [
        {
          name: 'vxlan0',
          kind: 'vxlan',
          vxlan: { vni: 4099 },
          addresses: [{ family: 'inet', address: '10.0.8.1' }],
        },
      ],
    }
    expect(tracesOf(network, state(other, { '1-zzzzzzzzzz': other }))).to.deep.equal([])
  })

  it('finds namespaces, devices, bridges and forwarding entries', () => {
    const left = {
      ...nothing,
      links: [
        {
          name: 'br0',
          kind: 'bridge',
          addresses: [{ family: 'inet', address: '10.0.9.1', prefixLength: 24 }],
        },
        { name: 'vxlan0', kind: 'vxlan', vxlan: { vni: 4105 }, addresses: [] },
      ],
      fdb: [{ mac: '02:42:0a:00:09:03', device: 'vxlan0', permanent: true }],
    }
    expect(tracesOf(network, state(nothing, { '1-abcdefghij': left }))).to.deep.equal([
      'namespace 1-abcdefghij',
      'vxlan device vxlan0 in namespace 1-abcdefghij',
      'bridge br0 with an address of 10.0.9.0/24 in namespace 1-abcdefghij',
      'FDB entry of 02:42:0a:00:09:03 in namespace 1-abcdefghij',
    ])
    const device = { links: [{ name: 'vx-001009-abcde', kind: 'vxlan', addresses: [] }] }
    expect(tracesOf(network, state(device))).to.deep.equal([
      'vxlan device vx-001009-abcde in the host’s own namespace',
    ])
  })
})

describe('xfrmMore', () => {
  it('names what was not there before', () => {
    const before = { states: new Set(['a → b, SPI 0x1']), policies: new Set<string>() }
    expect(xfrmMore(before, before)).to.deep.equal([])
    expect(
      xfrmMore(before, {
        states: new Set(['a → b, SPI 0x1', 'a → b, SPI 0x2']),
        policies: new Set(['out a']),
      }),
    ).to.deep.equal(['xfrm state a → b, SPI 0x2', 'xfrm policy out a'])
  })
})
