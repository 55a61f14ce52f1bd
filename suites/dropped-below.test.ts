import { expect } from 'chai'
import type { HostState, Link } from '../lib/observe/host-state.ts'
import { parseNftables } from '../lib/observe/nftables.ts'
import { recorded } from '../lib/observe/recorded/recorded.fake.ts'
import { allOf, deleted, inserted } from './changed-firewall.fake.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import { link } from './host-states.fake.ts'
import type { Changeable, ChangeKernel } from './stored/changed-kernel.fake.ts'

type State = Changeable<HostState>

/** eth1 of worker2 is made on others. */
const onto =
  (kind: 'bond' | 'bridge' | 'vlan', ...names: readonly string[]): ChangeKernel =>
  ({ root }, node) => {
    if (node !== 'worker2') return
    const own = root.links.find(({ name }) => name === 'eth1')
    if (own === undefined) throw new Error('there is no eth1')
    Object.assign(own, { kind, ...(kind === 'vlan' ? { parentIndex: 900 } : {}) })
    root.links.push(
      ...(names.map((name, at) => ({
        ...link(name, 1500),
        ...{ index: 900 + at, ...(kind === 'vlan' ? {} : { master: 'eth1' }) },
      })) as Changeable<Link>[]),
    )
  }

/** As nft says them from 1.0.7 on. */
const devicesOf: Readonly<Record<string, readonly string[]>> = {
  'of-port': ['ens3'],
  'of-both': ['ens3', 'ens4'],
  'of-other': ['eth0'],
}

/** Of the recorded chains one, on worker2, with what it counted between the two readings. */
const having =
  (name: string, counted = 900, devices = devicesOf[name]): ChangeKernel =>
  (state: State, node, reading) => {
    if (node !== 'worker2') return
    const all = parseNftables(recorded('nft-below', 'ruleset.json'))
    const [found] = structuredClone(all.filter(({ chain }) => chain === name)) as NonNullable<
      State['nftables']
    >
    if (found === undefined) throw new Error(`there is no chain ${name}`)
    if (devices !== undefined) found.devices = [...devices]
    for (const rule of found.rules) rule.packets = reading === 'kernel' ? 0 : counted
    state.nftables = [...(state.nftables ?? []), found]
  }

const lost = (...changes: readonly ChangeKernel[]) => explainWithKernel('vxlan-lost', allOf(...changes))
const notSent = (...changes: readonly ChangeKernel[]) =>
  explainWithKernel('vxlan-not-sent', allOf(deleted(/^filter OUTPUT .*4789 -j DROP$/, 'worker2'), ...changes))

describe('a rule below the interface that is recorded', function () {
  this.timeout(60_000)
  const here = [['host-firewall-drops', ['worker2']]]

  it('is the cause of what seems to be lost between hosts: on the interface under a VLAN, at all ports, of a bridge', () => {
    for (const [change, chain, told] of [
      [onto('vlan', 'ens3'), 'of-port', 'nft netdev edge of-port: udp dport 4789 drop'],
      [onto('bond', 'ens3', 'ens4'), 'of-both', 'nft netdev edge of-both: udp dport 4789 drop'],
      [onto('bond', 'ens3'), 'of-port', 'nft netdev edge of-port: udp dport 4789 drop'],
      [onto('bridge', 'ens3'), 'in', 'nft bridge guard in: ether type ip udp dport 4789 drop'],
    ] as const) {
      const found = lost(change, having(chain))
      expect(causesOf(found), chain).to.deep.equal(here)
      expect(found.findings[0]?.title).to.contain(told)
    }
  })

  it('may be the cause at one of two ports, and only where it counted', () => {
    const found = lost(onto('bond', 'ens3', 'ens4'), having('of-port'))
    expect(causesOf(found)).to.deep.equal(here)
    expect(found.findings[0]?.title).to.contain("worker2's own firewall may drop it")
    expect(causesOf(lost(onto('bond', 'ens3', 'ens4'), having('of-port', 0)))).to.deep.equal([
      ['data-path-port-blocked', []],
    ])
  })

  it('may be the cause where nft does not say at which device it is, as 1.0.6 does not', () => {
    const undefinedDevice: ChangeKernel = ({ nftables }, node) => {
      for (const chain of node === 'worker2' ? (nftables ?? []) : []) delete chain.devices
    }
    const found = lost(onto('vlan', 'ens3'), having('of-port'), undefinedDevice)
    expect(causesOf(found)).to.deep.equal(here)
    expect(found.findings[0]?.title).to.contain("worker2's own firewall may drop it")
  })

  it('is none at another device, of a bridge that the interface is not, or where nothing of it passes', () => {
    for (const change of [
      allOf(onto('bond', 'ens5', 'ens6'), having('of-port')),
      allOf(onto('vlan', 'ens3'), having('of-other')),
      allOf(onto('vlan', 'ens3'), having('in')),
      having('in'),
      allOf(onto('bridge', 'ens3'), having('out', 0)),
    ])
      expect(causesOf(lost(change))).to.deep.equal([['data-path-port-blocked', []]])
  })

  it('is the cause of what a node sends and what no other gets', () => {
    const found = notSent(onto('bridge', 'ens3'), having('out'))
    expect(causesOf(found)[0]).to.deep.equal(['outgoing-dropped', ['worker2']])
    expect(causesOf(notSent(onto('bridge', 'ens9'), having('out')))).to.not.deep.include([
      'outgoing-dropped',
      ['worker2'],
    ])
  })

  it('is the cause of published ports where it is asked about frames of docker_gwbridge', () => {
    const open = deleted(/^filter FORWARD -i eth1 -o docker_gwbridge -j DROP$/, 'worker2')
    const found = explainWithKernel('forward-dropped', allOf(open, having('mesh')))
    expect(causesOf(found)).to.deep.equal(here)
    expect(found.findings[0]?.title).to.contain('nft bridge guard mesh: tcp dport 8080 drop')
  })
})

describe('a rule that asks for the port of a bridge', function () {
  this.timeout(60_000)
  const rising =
    (chain: string, rule: string): ChangeKernel =>
    (state, node, reading) =>
      inserted('worker2', 'filter', chain, rule, reading === 'kernel' ? 0 : 900)(state, node, reading)
  const open = deleted(/^filter FORWARD -i eth1 -o docker_gwbridge -j DROP$/, 'worker2')

  it('is not met by what is routed, whatever it counted: virtual machines on the same host are bridged', () => {
    for (const rule of [
      '-m physdev --physdev-is-bridged -j DROP',
      '-m physdev --physdev-in vnet+ -j DROP',
      '-m physdev --physdev-out vnet3 --physdev-is-bridged -j REJECT',
    ]) {
      const found = explainWithKernel('forward-dropped', allOf(open, rising('FORWARD', rule)))
      expect(causesOf(found), rule).to.deep.equal([])
    }
  })

  it('is the cause where the interface is a bridge and has the port', () => {
    const dropped = deleted(/^raw PREROUTING -p udp -m udp --dport 4789 -j DROP$/, 'manager')
    const onManager =
      (change: ChangeKernel): ChangeKernel =>
      (state, node, reading) =>
        change(state, node === 'manager' ? 'worker2' : '', reading)
    const rule = '-p udp -m udp --dport 4789 -m physdev --physdev-in ens3 -j DROP'
    const atInput = onManager(rising('INPUT', rule))
    const found = explainWithKernel(
      'arriving-vxlan-dropped',
      allOf(dropped, onManager(onto('bridge', 'ens3')), atInput),
    )
    expect(causesOf(found)).to.deep.equal([['host-firewall-drops', ['manager']]])
    const plain = explainWithKernel('arriving-vxlan-dropped', allOf(dropped, atInput))
    expect(causesOf(plain).map(([code]) => code)).to.not.include('host-firewall-drops')
  })
})
