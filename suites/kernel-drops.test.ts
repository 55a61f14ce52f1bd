import { expect } from 'chai'
import type { Finding } from '../lib/observation/finding.ts'
import type { Drop, DropsByNode } from '../lib/observe/drops.ts'
import type { HostState } from '../lib/observe/host-state.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

type State = Changeable<HostState>
type Drops = Changeable<DropsByNode>

const codes = (found: readonly Finding[]): string[] => found.map(({ code }) => code)
const unchanged = (): void => {}

/** What a node’s kernel counted, to be changed. */
function counted(seen: Drops, node: string): Changeable<Drop>[] {
  const one = seen[node]
  if (one === undefined || !('got' in one)) throw new Error(`${node} counted nothing`)
  return one.got.drops
}

describe('VXLAN that a filter of traffic control drops', () => {
  const run = 'traffic-control-drops'

  it('is told with the node, the kernel’s reason and what to type', async () => {
    const [finding, ...others] = await findingsWhere(run)
    expect(others).to.deep.equal([])
    expect(finding).to.deep.include({ code: 'arrives-undelivered', nodes: ['worker1'], explains: ['OVL-03'] })
    expect(finding?.title).to.equal(
      'VXLAN (UDP 4789) arrives at worker1 and is not delivered there: dropped by a filter of traffic control on the interface they come by (TC_INGRESS)',
    )
    expect(finding?.remedy[0]).to.contain('`tc -s filter show dev eth1 ingress`')
    expect(finding?.proof).to.include(
      'worker1: its kernel dropped 86 IPv4 packets in __netif_receive_skb_core while requirements were verified: TC_INGRESS',
    )
    expect(finding?.proof).to.include(
      'worker1: 24 of them arrived and no answer left, 24 answers to its own arrived',
    )
  })

  it('is told without a reason where kernels were not counted', async () => {
    const found = await findingsWhere(run, unchanged, (seen) => {
      for (const node of Object.keys(seen)) seen[node] = { threw: 'no tracefs' }
    })
    expect(codes(found)).to.deep.equal(['arrives-undelivered'])
    expect(found[0]?.title).to.equal('VXLAN (UDP 4789) arrives at worker1 and is not delivered there')
  })

  for (const [what, change] of Object.entries<(seen: Drops) => void>({
    'fewer were dropped than were lost': (seen) => (counted(seen, 'worker1')[0] = drop(seen, { count: 47 })),
    'another node dropped as many': (seen) => counted(seen, 'manager').push(drop(seen, {})),
    'it says nothing about such traffic': (seen) =>
      (counted(seen, 'worker1')[0] = drop(seen, { reason: 'QUEUE_PURGE' })),
    'it was another protocol': (seen) => (counted(seen, 'worker1')[0] = drop(seen, { protocol: '0x86dd' })),
  }))
    it(`is told without a reason where ${what}`, async () => {
      const [finding] = await findingsWhere(run, unchanged, change)
      expect(finding?.title).to.equal('VXLAN (UDP 4789) arrives at worker1 and is not delivered there')
    })

  const drop = (seen: Drops, more: Partial<Drop>): Changeable<Drop> => ({
    ...(counted(seen, 'worker1').find(({ reason }) => reason === 'TC_INGRESS') as Drop),
    ...more,
  })
})

describe('a policy of IPsec that blocks', () => {
  const run = 'ipsec-policy-blocks'

  it('is told with the policy and the one node whose packets it meets', async () => {
    const [finding, ...others] = await findingsWhere(run)
    expect(others).to.deep.equal([])
    expect(finding).to.deep.include({ code: 'ipsec-refuses', nodes: ['worker1'], explains: ['OVL-03'] })
    expect(finding?.title).to.equal(
      'IPsec of worker1 refuses what worker2 sends: a policy blocks them (XfrmInPolBlock rose by 33)',
    )
    expect(finding?.remedy[0]).to.contain(
      '`ip xfrm policy delete dir in src 192.168.56.13/32 dst 192.168.56.12/32 proto udp dport 4789`',
    )
  })

  const without = (state: State): void => {
    if (state.root.counters !== undefined) state.root.counters['xfrm.InPolBlock'] = 0
  }

  it('is told by the kernel’s reason where its counter was not read', async () => {
    const [finding] = await findingsWhere(run, without)
    expect(finding).to.deep.include({ code: 'arrives-undelivered', nodes: ['worker1'] })
    expect(finding?.title).to.contain('(XFRM_POLICY)')
  })

  it('is not told where neither was: which of the two nodes drops is not known then', async () => {
    const found = await findingsWhere(run, without, (seen) => {
      for (const node of Object.keys(seen)) seen[node] = { threw: 'no tracefs' }
    })
    expect(codes(found)).to.deep.equal([])
  })

  it('is not told of a counter that rose by less than was lost', async () => {
    const found = await findingsWhere(run, (state, node, reading) => {
      const { counters } = state.root
      if (counters !== undefined && node === 'worker1')
        counters['xfrm.InPolBlock'] = reading === 'kernel' ? 14 : 17
    })
    expect(codes(found)).to.not.include('ipsec-refuses')
  })

  it('is not told of a counter on another node than where the probes ended', async () => {
    const found = await findingsWhere('traffic-control-drops', ({ root }, node, reading) => {
      if (node === 'manager') (root.counters ??= {})['xfrm.InNoPols'] = reading === 'kernel' ? 20 : 420
    })
    expect(found.map(({ code, nodes }) => [code, nodes])).to.deep.equal([
      ['arrives-undelivered', ['worker1']],
    ])
  })

  it('is not told where the kernel says that something else dropped as many', async () => {
    const strangers = (reason?: string): ReturnType<typeof findingsWhere> =>
      findingsWhere(
        'traffic-control-drops',
        ({ root }, node, reading) => {
          if (node === 'worker1') (root.counters ??= {})['xfrm.InNoPols'] = reading === 'kernel' ? 20 : 120
        },
        (seen) => {
          for (const drop of counted(seen, 'worker1'))
            if (reason !== undefined && drop.reason === 'TC_INGRESS') drop.reason = reason
        },
      )
    expect(codes(await strangers())).to.deep.equal(['arrives-undelivered'])
    expect(codes(await strangers('XFRM_POLICY'))[0]).to.equal('ipsec-refuses')
  })

  it('is told of states only for encrypted networks', async () => {
    const found = await findingsWhere(run, (state, _, reading) => {
      const { counters } = state.root
      if (counters === undefined) return
      counters['xfrm.InPolBlock'] = 0
      counters['xfrm.InNoStates'] = reading === 'kernel' ? 0 : 100
    })
    const [refuses] = found.filter(({ code }) => code === 'ipsec-refuses')
    expect(refuses?.networks).to.deep.equal(['swp-secret'])
  })
})

describe('a reverse path filter', () => {
  const run = 'reverse-path-filter'

  it('is told with the setting and the route that leads elsewhere', async () => {
    const [finding, ...others] = await findingsWhere(run)
    expect(others).to.deep.equal([])
    expect(finding).to.deep.include({ code: 'reverse-path-filter-drops', nodes: ['worker1'] })
    expect(finding?.title).to.equal(
      'worker1 drops all that worker2 sends: net.ipv4.conf.eth1.rp_filter = 1, and its own route to 192.168.56.13 leaves by eth0, not by eth1',
    )
    expect(finding?.explains).to.deep.equal(['CTL-03', 'CTL-04', 'CTL-07', 'OVL-03'])
    expect(finding?.proof).to.include('worker2: worker1 does not answer its ARP for 192.168.56.12')
  })

  for (const [what, change] of Object.entries<(state: State, node: string) => void>({
    'it is loose': ({ root: { settings = {} } }) => delete settings['net.ipv4.conf.eth1.rp_filter'],
    'routes leave by the interface of the underlay': ({ root }) =>
      (root.routes = root.routes.filter(({ destination }) => destination !== '192.168.56.13/32')),
    'one of several equal routes leaves by it': ({ root }) =>
      (root.routes = [...root.routes, { destination: '192.168.56.13/32', device: 'eth1' }]),
    'rules of policy routing are asked first': (state) =>
      (state.routingRules = [{ priority: 100, from: '192.168.56.12', table: '10001' }]),
    'nothing was dropped and ARP is answered': ({ root }) =>
      (root.neighbours = root.neighbours.filter(({ state }) => state !== 'INCOMPLETE')),
    'no other node gets an answer to ARP either': ({ root }) => {
      for (const neighbour of root.neighbours)
        if (neighbour.address === '192.168.56.12') neighbour.state = 'FAILED'
    },
    'the only other node whose neighbours were read gets none': ({ root }, node) => {
      if (node === 'manager') root.neighbours = []
    },
  }))
    it(`is not told where ${what}`, async () => {
      expect(codes(await findingsWhere(run, change))).to.not.include('reverse-path-filter-drops')
    })

  it('is told by its counter, too, where that rose by as much as was lost', async () => {
    const counting =
      (packets: number): Parameters<typeof findingsWhere>[1] =>
      ({ root }, node, reading) => {
        root.neighbours = root.neighbours.filter(({ state }) => state !== 'INCOMPLETE')
        if (node === 'worker1' && reading === 'kernel-after' && root.counters !== undefined)
          root.counters['TcpExt.IPReversePathFilter'] = 51 + packets
      }
    const [finding] = await findingsWhere(run, counting(36))
    expect(finding?.proof[0]).to.equal(
      'worker1: the reverse path filter dropped 36 packets while requirements were verified',
    )
    expect(codes(await findingsWhere(run, counting(1)))).to.not.include('reverse-path-filter-drops')
  })
})
