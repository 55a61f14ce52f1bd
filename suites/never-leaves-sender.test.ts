import { expect } from 'chai'
import type { Finding } from '../lib/observation/finding.ts'
import type { Problem } from '../lib/observation/problem.ts'
import type { Drop, DropsByNode } from '../lib/observe/drops.ts'
import type { Changeable, ChangeKernel } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

const never = (from: string, ...peers: readonly string[]): Problem[] =>
  peers.map((to) => ({
    ...{ code: 'data-never-left', kind: 'missed', path: { from, to }, network: 'swp-clear' },
    protocol: 'VXLAN',
  }))

describe('what never leaves its sender', function () {
  this.timeout(30_000)
  /** Nothing of VXLAN leaves worker1, whose kernel counts that many drops of one kind, and the others’ as many of theirs. */
  const dropped = async (drop: Drop, others = 0, change?: ChangeKernel): Promise<readonly Finding[]> =>
    findingsWhere(
      'traffic-control-drops',
      change,
      (seen: Changeable<DropsByNode>) => {
        for (const [node, one] of Object.entries(seen))
          if ('got' in one) one.got.drops = [{ ...drop, count: node === 'worker1' ? drop.count : others }]
      },
      undefined,
      { 'OVL-03': [], 'CTL-04': never('worker1', 'manager', 'worker2') },
    )
  const drop = (reason: string, location: string): Drop => ({
    ...{ reason, location, protocol: '0x0800', count: 600 },
  })

  for (const [reason, location, by] of [
    ['TC_EGRESS', '__dev_queue_xmit', 'a filter of traffic control on the interface they leave by'],
    ['BPF_CGROUP_EGRESS', 'ip_finish_output', 'a BPF program of a cgroup'],
    ['QDISC_DROP', '__dev_xmit_skb', 'the queue of an interface'],
  ] as const)
    it(`is told by the reason that its kernel gives: ${reason}`, async () => {
      const [first, ...rest] = await dropped(drop(reason, location))
      expect(rest).to.deep.equal([])
      expect(first).to.deep.include({ code: 'never-leaves-sender', nodes: ['worker1'], explains: ['CTL-04'] })
      expect(first?.title).to.equal(`VXLAN does not leave worker1: dropped by ${by} (${reason})`)
    })

  it('is told of no reason that drops what arrives, that other nodes give as often, or that was seldom', async () => {
    expect(await dropped(drop('TC_INGRESS', '__netif_receive_skb_core'))).to.deep.equal([])
    expect(await dropped(drop('TC_EGRESS', '__dev_queue_xmit'), 500)).to.deep.equal([])
    expect(await dropped({ ...drop('TC_EGRESS', '__dev_queue_xmit'), count: 1 })).to.deep.equal([])
  })

  it('is laid to netfilter only where some of its rules could not be read', async () => {
    const netfilter = drop('NETFILTER_DROP', 'nf_hook_slow')
    expect(await dropped(netfilter)).to.deep.equal([])
    const [split] = await dropped(netfilter, 0, (state) => {
      state.firewallBackend = { ...state.firewallBackend, legacyTables: ['filter'] }
    })
    expect(split?.title).to.contain('dropped by a rule of netfilter')
    expect(split?.remedy[0]).to.contain('iptables-legacy-save -c')
  })
})

describe('two nodes of which one does not answer ARP', function () {
  this.timeout(30_000)
  /** As `reverse-path-filter`, whose worker1 answers worker2 no ARP, without what made it so. */
  const unanswered = (change: ChangeKernel = () => {}): Promise<readonly Finding[]> =>
    findingsWhere(
      'reverse-path-filter',
      (state, node, reading) => {
        for (const [name, value] of Object.entries(state.root.settings ?? {}))
          if (name.endsWith('.rp_filter') && value === '1') delete state.root.settings?.[name]
        state.root.routes = state.root.routes.filter(({ destination }) => destination !== '192.168.56.13/32')
        change(state, node, reading)
      },
      // What the kernels of that lab gave as their reasons.
      (seen) => {
        for (const one of Object.values(seen)) if ('got' in one) one.got.drops = []
      },
    )

  it('are told so, and not that 7946 is blocked', async () => {
    const found = await unanswered()
    expect(found.map(({ code }) => code)).to.deep.equal(['never-leaves-sender'])
    expect(found[0]?.title).to.equal(
      'Nothing that worker2 sends to worker1 leaves: nobody answers its ARP for 192.168.56.12 (worker1)',
    )
    expect(found[0]?.explains).to.deep.equal(['CTL-03', 'CTL-04', 'CTL-07', 'OVL-03'])
  })

  it('are not where each has the hardware address of the other', async () => {
    const found = await unanswered(({ root }) => {
      root.neighbours = root.neighbours.filter(({ state }) => state !== 'INCOMPLETE' && state !== 'FAILED')
    })
    expect(found.map(({ code }) => code)).to.not.include('never-leaves-sender')
  })
})

describe('a strict reverse path filter beside policy routing', function () {
  this.timeout(30_000)
  const ruled = (device: string, change: ChangeKernel = () => {}): Promise<readonly Finding[]> =>
    findingsWhere('reverse-path-filter', (state, node, reading) => {
      if (node === 'worker1') {
        state.routingRules = [{ priority: 100, from: '192.168.56.12', table: '100' }]
        state.routingTables = [
          { table: '100', hops: [{ device, gateway: '172.31.250.2' }], toGatewayBridge: false },
        ]
      }
      change(state, node, reading)
    })
  const filtered = async (...asked: Parameters<typeof ruled>): Promise<Finding | undefined> =>
    (await ruled(...asked)).find(({ code }) => code === 'reverse-path-filter-drops')

  it('drops what is answered by the table of its own address, and is told with that', async () => {
    const found = await filtered('eth0')
    expect(found?.title).to.equal(
      'worker1 drops all that worker2 sends: net.ipv4.conf.eth1.rp_filter = 1, and what 192.168.56.12 answers follows table 100, which leaves by eth0, not by eth1',
    )
    expect(found?.remedy[0]).to.contain('`ip route add 192.168.56.0/24 dev eth1 table 100`')
    expect(found?.explains).to.deep.equal(['CTL-03', 'CTL-04', 'CTL-07', 'OVL-03'])
  })

  it('is not told where that table leaves by the underlay, is not known, or a rule before is not understood', async () => {
    expect(await filtered('eth1')).to.equal(undefined)
    expect(await filtered('eth0', (state) => delete state.routingTables)).to.equal(undefined)
    const before: ChangeKernel = (state) =>
      state.routingRules?.unshift({ priority: 9, more: true, table: 'main' })
    expect(await filtered('eth0', before)).to.equal(undefined)
  })

  it('asks main where the rules are for marks, or for other addresses', async () => {
    for (const rule of [
      { priority: 100, mark: '0x1', table: '100' },
      { priority: 100, from: '10.9.0.0/16', table: '100' },
      { priority: 40_000, table: '100' },
    ]) {
      const found = await filtered('eth0', (state, node) => {
        if (node === 'worker1') state.routingRules = [rule]
      })
      expect(found?.title).to.contain('its own route to 192.168.56.13 leaves by eth0')
    }
  })
})
