import { expect } from 'chai'
import type { HostState } from '../lib/observe/host-state.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import type { Changeable, ChangeKernel } from './stored/changed-kernel.fake.ts'

type State = Changeable<HostState>

/** VXLAN of worker1 does not come to worker2, and worker1 sends there by no gateway. */
const lost = (change: ChangeKernel) =>
  explainWithKernel('vxlan-lost', (state, node, reading) => {
    state.root.routes = state.root.routes.filter(({ destination }) => destination !== '192.168.56.13/32')
    change(state, node, reading)
  })

const eth1 = ({ root }: State): State['root']['links'][number] => {
  const link = root.links.find(({ name }) => name === 'eth1')
  if (link === undefined) throw new Error('there is no eth1')
  return link
}

/** What worker1 has in its neighbour table for worker2. */
const answered =
  (mac: string): ChangeKernel =>
  ({ root }, node) => {
    for (const one of node === 'worker1' ? root.neighbours : [])
      if (one.address === '192.168.56.13') one.mac = mac
  }

const here = (...nodes: readonly string[]) => [['hardware-address-shared', nodes]]
const blocked = [['data-path-port-blocked', []]]

describe('a hardware address of two hosts', function () {
  this.timeout(30_000)

  it('is the cause where two nodes have it', () => {
    const found = lost((state, node) => {
      if (node !== 'manager') eth1(state).mac = '52:54:00:01:00:99'
    })
    expect(causesOf(found)).to.deep.equal(here('worker1', 'worker2'))
    expect(found.findings[0]?.title).to.contain('52:54:00:01:00:99')
  })

  it('is none where it is no MAC, or shared on purpose', () => {
    for (const [mac, kind] of [
      ['', 'wireguard'],
      ['52:54:00:01:00:99', 'ipvlan'],
    ] as const)
      expect(causesOf(lost((state) => void Object.assign(eth1(state), { mac, kind }))), kind).to.deep.equal(
        blocked,
      )
  })
})

describe('another host that answers for the address of a node', function () {
  this.timeout(30_000)

  it('is the cause, be it a stranger or a node', () => {
    const found = lost(answered('00:0c:29:aa:bb:cc'))
    expect(causesOf(found)).to.deep.equal(here('worker2'))
    expect(found.findings[0]?.title).to.contain('worker1 sends to 00:0c:29:aa:bb:cc, and eth1 of worker2 has')
    const byNode = lost(answered('52:54:00:01:00:01'))
    expect(causesOf(byNode)).to.deep.equal(here('worker2'))
    expect(byNode.findings[0]?.title).to.contain('(manager)')
  })

  it('is none where the node itself does by another interface, or a router for everybody', () => {
    expect(causesOf(lost(answered('52:54:00:00:00:03')))).to.deep.equal(blocked)
    const router: ChangeKernel = ({ root }) => {
      for (const one of root.neighbours) if (one.device === 'eth1') one.mac = '12:34:56:78:9a:bc'
    }
    expect(causesOf(lost(router))).to.deep.equal(blocked)
  })

  it('is none where packets came, or never left, or go by a gateway', () => {
    const atManager: ChangeKernel = ({ root }, node) => {
      for (const one of node === 'manager' ? [] : root.neighbours)
        if (one.address === '192.168.56.11') one.mac = '00:0c:29:aa:bb:cc'
    }
    for (const fault of ['arriving-vxlan-dropped', 'vxlan-not-sent']) {
      const found = causesOf(explainWithKernel(fault, atManager))
      expect(
        found.map(([code]) => code),
        fault,
      ).to.not.include('hardware-address-shared')
    }
    expect(causesOf(explainWithKernel('vxlan-lost', answered('00:0c:29:aa:bb:cc')))).to.deep.equal(blocked)
  })
})
