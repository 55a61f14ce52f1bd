import { expect } from 'chai'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { forwardingProblems } from './forwarding.ts'

const links = [
  {
    name: 'vxlan0',
    index: 2,
    kind: 'vxlan',
    mtuBytes: 1450,
    mac: '4e:fb:f1:72:fd:04',
    up: true,
    vxlan: { vni: 4100, port: 4789 },
    addresses: [],
  },
]
const endpoints = [
  { name: 'web@b', node: 'b', address: '10.91.1.2', mac: '02:42:0a:5b:01:02', vtep: '192.168.56.12' },
  { name: 'web@c', node: 'c', address: '10.91.1.3', mac: '02:42:0a:5b:01:03', vtep: '192.168.56.13' },
]
const neighbours = endpoints.map(({ address, mac }) => ({
  address,
  mac,
  device: 'vxlan0',
  state: 'PERMANENT',
}))
const fdb = [
  ...endpoints.map(({ mac, vtep }) => ({ mac, vtep, device: 'vxlan0', permanent: true })),
  { mac: '7e:83:ea:c8:8d:cc', device: 'veth0', permanent: true },
  { mac: '4e:fb:f1:72:fd:04', device: 'vxlan0', permanent: true },
]
const good = { links, neighbours, fdb }
const problems = (change: Partial<typeof good>): string[] =>
  forwardingProblems({ ...good, ...change }, endpoints, { node: 'a', network: 'net', vni: 4100 }).map(
    describeProblem,
  )

describe('forwarding of a network', () => {
  it('is sound when each remote endpoint has its neighbour and its VTEP', () => {
    expect(problems({})).to.deep.equal([])
  })

  it('needs a VXLAN device', () => {
    expect(problems({ links: [] })).to.deep.equal(['a has no VXLAN device of net with VNI 4100'])
  })

  it('misses a forwarding entry', () => {
    expect(problems({ fdb: fdb.slice(1) })).to.deep.equal([
      'a → b, net: a has no forwarding entry for web@b (02:42:0a:5b:01:02)',
    ])
  })

  it('misses a neighbour entry', () => {
    expect(problems({ neighbours: neighbours.slice(1) })).to.deep.equal([
      'a → b, net: a has no neighbour entry for web@b (10.91.1.2)',
    ])
  })

  it('sees an entry that leads to the wrong node', () => {
    const [first, ...rest] = fdb
    const wrong = [{ ...first, vtep: '192.168.56.99' } as (typeof fdb)[number], ...rest]
    expect(problems({ fdb: wrong })[0]).to.include('leads to 192.168.56.99, expected 192.168.56.12')
  })

  it('sees a second, wrong destination beside the right one', () => {
    const second = { ...fdb[0], vtep: '192.168.56.99' } as (typeof fdb)[number]
    expect(problems({ fdb: [...fdb, second] })[0]).to.include('192.168.56.99')
  })

  it('sees a neighbour with the wrong MAC or without permanence', () => {
    const [first, second] = neighbours as [(typeof neighbours)[0], (typeof neighbours)[0]]
    expect(problems({ neighbours: [{ ...first, mac: '02:42:00:00:00:99' }, second] })[0]).to.include(
      'expected 02:42:0a:5b:01:02',
    )
    expect(problems({ neighbours: [{ ...first, state: 'STALE' }, second] })[0]).to.include('is STALE')
  })

  it('sees what is stale', () => {
    const ghost = { mac: '02:42:0a:5b:01:63', vtep: '192.168.56.13', device: 'vxlan0', permanent: true }
    const ghostNeighbour = {
      address: '10.91.1.99',
      mac: ghost.mac,
      device: 'vxlan0',
      state: 'PERMANENT',
    }
    expect(problems({ fdb: [...fdb, ghost], neighbours: [...neighbours, ghostNeighbour] })).to.deep.equal([
      'net: a has a stale neighbour entry 10.91.1.99 (02:42:0a:5b:01:63)',
      'net: a has a stale forwarding entry 02:42:0a:5b:01:63 to 192.168.56.13',
    ])
  })
})
