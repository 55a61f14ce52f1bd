import { expect } from 'chai'
import type { HostState } from '../lib/observe/host-state.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import { type Changeable, findingsWhere } from './stored/findings-where.fake.ts'

const first = async (...asked: Parameters<typeof findingsWhere>): Promise<string | undefined> =>
  (await findingsWhere(...asked))[0]?.code

type State = Changeable<HostState>
const counters = (state: State): Record<string, number> => (state.root.counters ??= {})

describe('the engine’s rules gone on a node', () => {
  it('explain all that follows from it', async () => {
    const [finding, ...others] = await findingsWhere('rules-flushed')
    expect(finding).to.deep.include({ code: 'engine-rules-gone', nodes: ['worker1'] })
    expect(finding?.explains).to.deep.equal(['CTL-07', 'OVL-03', 'ENC-01', 'ENC-07', 'MTU-02', 'ING-01'])
    expect(others).to.deep.equal([])
  })

  it('are not said where no node has them: that engine is told to write none', async () => {
    const found = await findingsWhere('rules-flushed', ({ root }) => (root.firewall = []))
    expect(found.map(({ code }) => code)).to.not.include('engine-rules-gone')
  })

  it('are those of one table, where the other is whole', async () => {
    const whole: State['root']['firewall'] = []
    const found = await findingsWhere('rules-flushed', ({ root }, node) => {
      if (node === 'manager') whole.push(...root.firewall.filter(({ table }) => table === 'filter'))
      if (node === 'worker1') root.firewall = whole
    })
    expect(found[0]?.title).to.equal(
      "The engine's firewall rules are gone on worker1: those of the table nat",
    )
    expect(found[0]?.explains).to.deep.equal(['ING-01'])
  })

  it('are not said where the firewall could not be read', async () => {
    const found = await findingsWhere('rules-flushed', (state) => {
      state.unavailable = [{ what: 'firewall', tool: 'iptables-save', package: 'iptables' }]
    })
    expect(found.map(({ code }) => code)).to.not.include('engine-rules-gone')
  })
})

describe('a balancer with other settings', () => {
  it('is the cause of what is missed through it', async () => {
    const found = await findingsWhere('balancer-forwarding-off')
    expect(found.map(({ code, nodes }) => [code, nodes])).to.deep.equal([
      ['balancer-settings-differ', ['worker1']],
    ])
    expect(found[0]?.explains).to.deep.equal(['DSC-04', 'LB-01'])
  })

  it('is none where all nodes have the same', async () => {
    const found = await findingsWhere('balancer-forwarding-off', ({ namespaces }) => {
      for (const { settings = {} } of Object.values(namespaces)) settings['net.ipv4.ip_forward'] = '0'
    })
    expect(found).to.deep.equal([])
  })
})

describe('a full table', () => {
  /** The same failures, where no balancer had other settings. */
  const onlyCounters =
    (change: (state: State) => void): Parameters<typeof findingsWhere>[1] =>
    (state, node, reading) => {
      for (const { settings = {} } of Object.values(state.namespaces)) settings['net.ipv4.ip_forward'] = '1'
      if (node === 'worker1' && reading === 'kernel-after') change(state)
    }
  const run = 'balancer-forwarding-off'

  it('is told by its counter, with how full it was', async () => {
    const found = await findingsWhere(
      run,
      onlyCounters((state) => (counters(state)['conntrack.drop'] = 31)),
    )
    expect(found[0]).to.include({ code: 'conntrack-table-full' })
    expect(found[0]?.proof[0]).to.match(/^worker1: conntrack.drop rose by 31 .* of 8192 entries/)
    expect(found[0]?.explains).to.deep.equal(['DSC-04', 'LB-01'])
  })

  it('is told by what its kernel said meanwhile, not before', async () => {
    const said = (after: number) =>
      onlyCounters((state) => {
        state.events = [{ kind: 'neighbours-full', uptimeSeconds: (state.uptimeSeconds ?? 0) - after }]
      })
    expect(await first(run, said(1))).to.equal('neighbour-table-full')
    expect(await first(run, said(3600))).to.equal(undefined)
  })

  it('is not told by counters of two boots', async () => {
    const booted = onlyCounters((state) => {
      counters(state)['conntrack.drop'] = 31
      state.bootId = 'another'
    })
    expect(await first(run, booted)).to.equal(undefined)
  })
})

describe('two causes on one node', () => {
  it('are two findings, each with what follows from it alone', async () => {
    const found = await findingsWhere('conntrack-full-and-forwarding-off')
    expect(found.map(({ code, explains }) => [code, explains])).to.deep.equal([
      ['forwarding-off', ['ING-01', 'GWB-02']],
      ['conntrack-table-full', ['OVL-03', 'MTU-02']],
    ])
  })
})

describe('an interface that does not forward', () => {
  it('is the cause as an own namespace that does not, and names the file that says so', async () => {
    const found = await findingsWhere('balancer-forwarding-off', (state, node) => {
      for (const { settings = {} } of Object.values(state.namespaces)) settings['net.ipv4.ip_forward'] = '1'
      if (node !== 'worker1') return
      state.root.settings = { ...state.root.settings, 'net.ipv4.conf.eth1.forwarding': '0' }
      state.settingFiles = [
        { file: '/etc/sysctl.d/60-hard.conf', setting: 'net.ipv4.conf.eth1.forwarding', value: '0' },
      ]
    })
    expect(found[0]?.title).to.equal(
      'worker1 does not forward what comes in by one interface: net.ipv4.conf.eth1.forwarding is 0, set in /etc/sysctl.d/60-hard.conf',
    )
  })
})

describe('a node that has no way to another', () => {
  const refusing =
    (destination: string, open?: string): Parameters<typeof findingsWhere>[1] =>
    (state, node) => {
      if (node !== 'worker1') return
      state.tableRoutes = [{ table: 'main', kind: 'blackhole', destination }]
      if (open !== undefined)
        state.root.routes = [...state.root.routes, { destination: open, device: 'eth1' }]
    }

  it('is named with the route that refuses', async () => {
    const found = await findingsWhere('quick-data-port-dropped', refusing('192.168.56.13'))
    const [title] = found.filter(({ code }) => code === 'peer-not-routed').map((one) => one.title)
    expect(title).to.equal(
      'worker1 has a route that refuses 192.168.56.13 (worker2): blackhole 192.168.56.13',
    )
  })

  it('is none where a narrower route leads there, or the refused addresses are others', async () => {
    const codes = async (...asked: Parameters<typeof refusing>): Promise<string[]> =>
      (await findingsWhere('quick-data-port-dropped', refusing(...asked))).map(({ code }) => code)
    expect(await codes('192.168.0.0/16', '192.168.56.13')).to.not.include('peer-not-routed')
    expect(await codes('192.168.57.0/24')).to.not.include('peer-not-routed')
  })
})

describe('a queueing discipline', () => {
  const shapedBy =
    (kind: string, before: number, after: number, device = 'eth1'): Parameters<typeof findingsWhere>[1] =>
    (state, node, reading) => {
      const dropped = reading === 'kernel' ? before : after
      state.queueing = node === 'worker2' ? [{ device, kind, dropped, packets: 900, does: ['loss'] }] : []
    }
  const codes = async (...asked: Parameters<typeof shapedBy>): Promise<string[]> =>
    (await findingsWhere('quick-data-port-dropped', shapedBy(...asked))).map(({ code }) => code)

  it('is named where it dropped something meanwhile, and netem wherever it is', async () => {
    expect(await codes('tbf', 4, 9)).to.include('queueing-disturbs')
    expect(await codes('netem', 0, 0)).to.include('queueing-disturbs')
  })

  it('is told from one that the lab’s file asks for, by what to do', async () => {
    const remedyOn = async (lab: string): Promise<string | undefined> => {
      const found = await findingsWhere(
        'quick-data-port-dropped',
        shapedBy('netem', 0, 0),
        undefined,
        findTopology(lab),
      )
      return found.find(({ code }) => code === 'queueing-disturbs')?.remedy[0]
    }
    expect(await remedyOn('three-node')).to.match(/^On worker2: `tc qdisc del dev eth1 root`/)
    expect(await remedyOn('impaired')).to.match(/^The lab's file impairs .*25 ms of delay.*: verify on a lab/)
  })

  it('is none that limits and dropped nothing, or on another interface', async () => {
    expect(await codes('tbf', 9, 9)).to.not.include('queueing-disturbs')
    expect(await codes('netem', 0, 5, 'eth0')).to.not.include('queueing-disturbs')
  })
})
