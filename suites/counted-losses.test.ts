import { expect } from 'chai'
import type { Problem } from '../lib/observation/problem.ts'
import type { HostState } from '../lib/observe/host-state.ts'
import type { Changeable, Reading } from './stored/changed-kernel.fake.ts'
import { causesWhere } from './stored/causes-where.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

type State = Changeable<HostState>
type Asked = Parameters<typeof findingsWhere>

const codes = async (...asked: Asked): Promise<string[]> =>
  (await findingsWhere(...asked)).map(({ code }) => code)
const first = async (...asked: Asked): Promise<string | undefined> => (await codes(...asked))[0]
const counters = (state: State): Record<string, number> => (state.root.counters ??= {})

/** A table of connections that is full and dropped 5,000 packets meanwhile. */
function filled(state: State, reading: Reading): void {
  Object.assign((state.root.settings ??= {}), {
    'net.netfilter.nf_conntrack_count': '8190',
    'net.netfilter.nf_conntrack_max': '8192',
  })
  Object.assign(counters(state), {
    'conntrack.drop': reading === 'kernel' ? 0 : 5000,
    'conntrack.insert_failed': 0,
  })
}

describe('a full table', () => {
  const run = 'balancer-forwarding-off'
  /** The same failures, where no balancer had other settings. */
  const onlyCounters =
    (change: (state: State) => void): Asked[1] =>
    (state, node, reading) => {
      for (const { settings = {} } of Object.values(state.namespaces)) settings['net.ipv4.ip_forward'] = '1'
      if (node === 'worker1' && reading === 'kernel-after') change(state)
    }
  const dropping = (drop: number, entries: number, failed = 0): Asked[1] =>
    onlyCounters((state) => {
      Object.assign(counters(state), { 'conntrack.drop': drop, 'conntrack.insert_failed': failed })
      Object.assign((state.root.settings ??= {}), { 'net.netfilter.nf_conntrack_count': String(entries) })
    })

  it('is told by its counter, with how full it was', async () => {
    const found = await findingsWhere(run, dropping(31, 8190))
    expect(found[0]).to.include({ code: 'conntrack-table-full' })
    expect(found[0]?.proof[0]).to.match(/^worker1: 31 packets found no room .* 8190 of 8192 entries/)
    expect(found[0]?.explains).to.deep.equal(['DSC-04', 'LB-01'])
  })

  it('is told of a table that was empty again, where its kernel said so meanwhile', async () => {
    const said = (after: number): Asked[1] =>
      onlyCounters((state) => {
        Object.assign(counters(state), { 'conntrack.drop': 31, 'neighbours.table_fulls': 31 })
        state.events = [{ kind: 'neighbours-full', uptimeSeconds: (state.uptimeSeconds ?? 0) - after }]
      })
    expect(await first(run, said(1))).to.equal('neighbour-table-full')
    expect(await first(run, said(3600))).to.equal(undefined)
  })

  it('is none with room, of packets that clashed, and of fewer than were missed', async () => {
    expect(await first(run, dropping(31, 4096))).to.equal(undefined)
    expect(await first(run, dropping(31, 8190, 31))).to.equal(undefined)
    expect(await first(run, dropping(2, 8190))).to.equal(undefined)
  })

  it('is not told by counters of two boots', async () => {
    const booted = onlyCounters((state) => {
      counters(state)['conntrack.drop'] = 31
      Object.assign((state.root.settings ??= {}), { 'net.netfilter.nf_conntrack_count': '8190' })
      state.bootId = 'another'
    })
    expect(await first(run, booted)).to.equal(undefined)
  })
})

describe('a firewall rule that counted something else', () => {
  /** The rule that drops VXLAN on worker2 is not there, so that what is left to say is where it ends. */
  const where =
    (node: string, rules: string | readonly string[], counted: number, chain = 'INPUT'): Asked[1] =>
    ({ root }, on, reading) => {
      root.firewall = root.firewall.filter((one) => !one.rule.includes('--dport 4789 -j DROP'))
      if (on !== node) return
      const packets = reading === 'kernel' ? 40 : 40 + counted
      const placed = [rules].flat().map((rule, index) => ({
        ...{ table: 'filter', chain, position: 1 + index, rule, packets, bytes: 0 },
      }))
      root.firewall.unshift(...placed)
    }
  const run = 'quick-data-port-dropped'

  it('is the cause where it drops what was missed, as the run shows', async () => {
    expect(await first(run, where('worker2', '-p udp -m udp --dport 4789 -j DROP', 521))).to.equal(
      'host-firewall-drops',
    )
  })

  for (const [what, rule, chain] of [
    ['an owner’s packets', '-m owner --uid-owner 33 -j REJECT', 'OUTPUT'],
    ['broadcasts', '-m addrtype --dst-type BROADCAST -j DROP', 'INPUT'],
    ['multicast', '-m pkttype --pkt-type multicast -j DROP', 'INPUT'],
  ] as const)
    it(`explains no VXLAN if it drops ${what}, however many`, async () => {
      for (const node of ['worker2', 'manager'])
        expect(await codes(run, where(node, rule, 5000, chain))).to.deep.equal(['arrives-undelivered'])
    })

  for (const rule of [
    '-m set --match-set blocklist src -j DROP',
    '-p udp -m udp --dport 4789 -m statistic --mode random --probability 0.5 -j DROP',
    '-p udp -m udp --dport 4789 -j DROP',
  ])
    it(`explains no more than it counted: ${rule}`, async () => {
      expect(await codes(run, where('worker2', rule, 1))).to.deep.equal(['arrives-undelivered'])
    })

  const blockList = '-m set --match-set crowdsec-blacklists src -j DROP'
  const pairs = ['manager', 'worker1'].flatMap((other) => [
    { from: 'worker2', to: other },
    { from: other, to: 'worker2' },
  ])
  const lostOnTheWay: Problem[] = pairs.map((path) => ({
    ...{ code: 'data-lost-on-the-way', kind: 'missed', path },
    ...{ network: 'swp-clear', protocol: 'VXLAN', expected: 30 },
  }))

  for (const rule of [blockList, '-p udp -m udp --dport 4789 -j DROP'])
    it(`takes nothing that was lost between the hosts: ${rule}`, async () => {
      const found = await findingsWhere(run, where('worker2', rule, 5000), undefined, undefined, {
        'CTL-04': lostOnTheWay,
      })
      const blocked = found.find(({ code }) => code === 'data-path-port-blocked')
      expect(blocked?.explains).to.include('CTL-04')
      const dropped = found.find(({ code }) => code === 'host-firewall-drops')
      expect(dropped?.explains ?? []).to.not.include('CTL-04')
      if (rule === blockList) expect(dropped).to.equal(undefined)
    })

  it('leaves what was lost between the hosts to them where a table is full, too', async () => {
    const full: Asked[1] = (state, node, reading) => {
      where('worker2', [], 0)?.(state, node, reading)
      if (node === 'worker2') filled(state, reading)
    }
    const found = await findingsWhere(run, full, undefined, undefined, { 'CTL-04': lostOnTheWay })
    expect(found.map(({ code }) => code)).to.include('data-path-port-blocked')
    expect(found.find(({ code }) => code === 'conntrack-table-full')?.explains ?? []).to.not.include.members([
      'CTL-04',
    ])
  })

  it('takes no gossip that was lost between the hosts', async () => {
    const lost = pairs.map((path): Problem => ({
      code: 'gossip-lost-on-the-way',
      kind: 'missed',
      path,
      protocol: 'UDP',
      expected: 9,
    }))
    for (const rule of [blockList, '-p udp -m udp --dport 7946 -j DROP'])
      expect(
        causesWhere({ 'CTL-03': lost }, (state, node, reading) =>
          where('worker2', rule, 5000)?.(state, node, reading),
        ).map(({ code }) => code),
      ).to.deep.equal(['gossip-udp-blocked'])
  })

  it('takes nothing that the kernel dropped for another reason, whatever counted as many', async () => {
    const another = 'traffic-control-drops'
    expect(await codes(another, where('worker1', blockList, 5000))).to.deep.equal(['arrives-undelivered'])
    const full: Asked[1] = (state, node, reading) => {
      if (node === 'worker1') filled(state, reading)
    }
    expect(await codes(another, full)).to.deep.equal(['arrives-undelivered'])
    const asNetfilter: Asked[2] = (seen) => {
      const one = seen['worker1']
      for (const drop of one !== undefined && 'got' in one ? one.got.drops : [])
        if (drop.reason === 'TC_INGRESS') drop.reason = 'NETFILTER_DROP'
    }
    const ofPort = '-p udp -m udp --dport 4789 -m set --match-set blocked src -j DROP'
    expect(await first(another, where('worker1', ofPort, 5000), asNetfilter)).to.equal('host-firewall-drops')
    // Whoever is on such a list is not heard by gossip either.
    expect(await codes(another, where('worker1', blockList, 5000), asNetfilter)).to.not.include(
      'host-firewall-drops',
    )
    expect(await first(another, full, asNetfilter)).to.equal('conntrack-table-full')
  })

  it('is the cause together with others, one for each sender', async () => {
    const each = (counted: number): Asked[1] =>
      where(
        'worker2',
        ['192.168.56.11', '192.168.56.12'].map(
          (sender) => `-s ${sender}/32 -p udp -m udp --dport 4789 -j DROP`,
        ),
        counted,
      )
    expect(await first(run, each(60))).to.equal('host-firewall-drops')
    expect(await first(run, each(1))).to.equal('arrives-undelivered')
  })

  it('explains nothing that ended on another node', async () => {
    const found = await findingsWhere(
      'traffic-control-drops',
      where('manager', '-m set --match-set blocklist src -j DROP', 5000),
    )
    expect(found.map(({ code, nodes }) => [code, nodes])).to.deep.equal([
      ['arrives-undelivered', ['worker1']],
    ])
  })
})

describe('peers that engines name by an id, whose UDP fails', () => {
  const run = 'gossip-udp-dropped'
  const rule = '-p udp -m udp --dport 7946 -j DROP'

  it('are of the node that drops gossip, where all others complain of the id', async () => {
    const found = await findingsWhere(run)
    expect(found.map(({ code, nodes, pairs }) => [code, nodes, pairs])).to.deep.equal([
      ['host-firewall-drops', ['worker2'], []],
    ])
  })

  it('are of no node that complains of the id itself', async () => {
    const found = await findingsWhere(run, ({ root }, node, reading) => {
      root.firewall = root.firewall.filter((one) => one.rule !== rule)
      const packets = reading === 'kernel' ? 0 : 54
      if (node === 'manager')
        root.firewall.unshift({ table: 'filter', chain: 'INPUT', position: 1, rule, packets, bytes: 0 })
    })
    expect(found.map(({ code }) => code)).to.deep.equal(['host-firewall-drops', 'gossip-udp-blocked'])
  })
})

describe('what is lost between hosts', () => {
  const run = 'quick-data-port-dropped'
  const open: Asked[1] = ({ root }) => {
    root.firewall = root.firewall.filter((one) => !one.rule.includes('--dport 4789 -j DROP'))
  }
  const lost = (protocol: 'VXLAN' | 'ESP', ...between: readonly (readonly [string, string])[]): Problem[] =>
    between
      .flatMap(([one, other]) => [
        { from: one, to: other },
        { from: other, to: one },
      ])
      .map((path) => ({
        ...{ code: 'data-lost-on-the-way', kind: 'missed', path, protocol, expected: 30 },
        network: protocol === 'ESP' ? 'swp-secret' : 'swp-clear',
      }))
  const ofWorker2 = [
    ['worker2', 'manager'],
    ['worker2', 'worker1'],
  ] as const
  const blocked = async (vxlan: readonly Problem[], esp: readonly Problem[]) =>
    (await findingsWhere(run, open, undefined, undefined, { 'CTL-04': vxlan, 'CTL-07': esp })).filter(
      ({ severity }) => severity === 'cause',
    )

  it('of VXLAN and of ESP alike is one finding', async () => {
    const found = await blocked(lost('VXLAN', ...ofWorker2), lost('ESP', ...ofWorker2))
    expect(found.map(({ code }) => code)).to.deep.equal(['data-path-port-blocked'])
    expect(found[0]?.title).to.equal(
      'UDP 4789 (VXLAN) and ESP (IP protocol 50) are blocked between hosts: to or from worker2',
    )
    expect(found[0]?.explains).to.include.members(['CTL-04', 'CTL-07', 'OVL-03'])
  })

  it('of ESP is said beside VXLAN that is lost between others', async () => {
    const found = await blocked(lost('VXLAN', ['manager', 'worker1']), lost('ESP', ...ofWorker2))
    const codesFound = found.map(({ code, nodes }) => [code, nodes])
    expect(codesFound).to.deep.include(['esp-blocked', ['worker2']])
    expect(found.find(({ code }) => code === 'data-path-port-blocked')?.explains).to.not.include('CTL-07')
  })
})
