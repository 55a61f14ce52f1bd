import { expect } from 'chai'
import type { HostState, Route } from '../lib/observe/host-state.ts'
import type { RoutingRule } from '../lib/observe/policy-routing.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

type State = Changeable<HostState>

describe('two causes on one node', () => {
  it('are two findings, each with what follows from it alone', async () => {
    const found = await findingsWhere('conntrack-full-and-forwarding-off')
    expect(found.map(({ code, explains }) => [code, explains])).to.deep.equal([
      ['forwarding-off', ['ING-01', 'GWB-02']],
      ['conntrack-table-full', ['OVL-03', 'MTU-02', 'ING-01']],
    ])
  })
})

describe('a node that does not forward', () => {
  const off =
    (setting: string): Parameters<typeof findingsWhere>[1] =>
    (state, node) => {
      state.root.forwards = true
      if (node !== 'worker2') return
      state.root.settings = { ...state.root.settings, 'net.ipv4.ip_forward': '1', [setting]: '0' }
      state.settingFiles = [{ file: '/etc/sysctl.d/60-hard.conf', setting, value: '0' }]
    }

  it('by one interface is the cause as well, and the file that says so is named', async () => {
    const found = await findingsWhere('forwarding-off', off('net.ipv4.conf.eth1.forwarding'))
    expect(found.map(({ title, explains }) => [title, explains])).to.deep.equal([
      [
        'worker2 does not forward what comes in by one interface: net.ipv4.conf.eth1.forwarding is 0, set in /etc/sysctl.d/60-hard.conf',
        ['ING-01', 'GWB-02'],
      ],
    ])
  })

  const titleBy = async (...lines: readonly (readonly [string, string, string])[]): Promise<string> => {
    const [found] = await findingsWhere('forwarding-off', (state, node) => {
      if (node === 'worker2')
        state.settingFiles = lines.map(([file, setting, value]) => ({ file, setting, value }))
    })
    return found?.title ?? ''
  }

  it('is told by the line that is applied last, under whichever name it sets it', async () => {
    const [early, late] = ['/etc/sysctl.d/10-hard.conf', '/etc/sysctl.d/99-own.conf']
    const off = 'worker2 forwards nothing: net.ipv4.ip_forward is 0, '
    expect(await titleBy([early, 'net.ipv4.conf.all.forwarding', '0'])).to.equal(
      `${off}set in ${early} by net.ipv4.conf.all.forwarding`,
    )
    expect(await titleBy([early, 'net.ipv4.conf.*.forwarding', '0'])).to.contain(`set in ${early}`)
    expect(await titleBy([early, 'net.ipv4.ip_forward', '1'], [late, 'net.ipv4.ip_forward', '0'])).to.equal(
      `${off}set in ${late}`,
    )
    expect(await titleBy([early, 'net.ipv4.ip_forward', '0'], [late, 'net.ipv4.ip_forward', '1'])).to.equal(
      `${off}although ${late} sets 1: something switched it off afterwards`,
    )
    expect(await titleBy()).to.equal(`${off}and no file of sysctl sets it`)
    expect(await titleBy([early, 'net.ipv4.conf.default.forwarding', '0'])).to.contain('no file of sysctl')
  })

  it('by an interface that the mesh does not use is none', async () => {
    expect(await findingsWhere('forwarding-off', off('net.ipv4.conf.eth0.forwarding'))).to.deep.equal([])
  })

  it('explains nothing of virtual IPs, which are balanced in namespaces of their own', async () => {
    const found = await findingsWhere('balancer-forwarding-off', ({ root }, node) => {
      if (node === 'worker1') root.forwards = false
    })
    expect(found.map(({ code }) => code)).to.deep.equal(['balancer-settings-differ'])
  })

  it('explains no port of another node', async () => {
    const found = await findingsWhere('quick-data-port-dropped', ({ root }, node) => {
      if (node === 'manager') root.forwards = false
    })
    const [, dropped] = found
    expect(found.map(({ code }) => code)).to.deep.equal(['forwarding-off', 'host-firewall-drops'])
    expect(dropped?.pairs).to.deep.include.members([{ from: 'manager', to: 'worker2' }])
  })
})

describe('a node that has no way to another', () => {
  /** With routes that refuse, as `KIND DESTINATION METRIC`, and one by a device. */
  const refusing =
    (refused: readonly string[], open?: Route, rule?: RoutingRule): Parameters<typeof findingsWhere>[1] =>
    (state, node) => {
      if (node !== 'worker1') return
      state.refusingRoutes = refused.map((one) => {
        const [kind, destination = '', metric] = one.split(' ')
        return { kind: kind as 'blackhole', destination, metric: Number(metric) }
      })
      state.routingRules = rule === undefined ? [] : [rule]
      if (open !== undefined) state.root.routes = [...state.root.routes, open]
    }
  const titles = async (...asked: Parameters<typeof refusing>): Promise<string[]> =>
    (await findingsWhere('quick-data-port-dropped', refusing(...asked)))
      .filter(({ code }) => code === 'peer-not-routed')
      .map(({ title }) => title)
  const peer = '192.168.56.13/32'
  const named = [`worker1 has a route that refuses 192.168.56.13 (worker2): blackhole ${peer}`]

  it('is named with the route that refuses', async () => {
    expect(await titles([`blackhole ${peer} 0`])).to.deep.equal(named)
  })

  it('is none where a narrower route leads there, or the refused addresses are others', async () => {
    const open = { destination: peer, device: 'eth1' }
    expect(await titles(['blackhole 192.168.0.0/16 0'], open)).to.deep.equal([])
    expect(await titles(['blackhole 192.168.57.0/24 0'])).to.deep.equal([])
  })

  it('is named only where the route that refuses has the lower metric of two that are as narrow', async () => {
    const open = (metric: number): Route => ({ destination: peer, device: 'eth1', metric })
    expect(await titles([`blackhole ${peer} 20`], open(50))).to.deep.equal(named)
    expect(await titles([`blackhole ${peer} 50`], open(20))).to.deep.equal([])
    expect(await titles([`blackhole ${peer} 20`], open(20))).to.deep.equal([])
  })

  it('is not told of a default that refuses where another is asked first', async () => {
    const alone: Parameters<typeof findingsWhere>[1] = (state, ...asked) => {
      refusing(['unreachable default 4278198272'])?.(state, ...asked)
      state.root.routes = [{ destination: 'default', device: 'eth1', gateway: '192.168.56.1' }]
    }
    const found = await findingsWhere('quick-data-port-dropped', alone)
    expect(found.map(({ code }) => code)).to.not.include('peer-not-routed')
  })

  it('is not told where a rule of policy routing can lead past the table', async () => {
    const past = { priority: 100, table: '100' }
    expect(await titles([`blackhole ${peer} 0`], undefined, past)).to.deep.equal([])
    expect(await titles([`blackhole ${peer} 0`], undefined, { ...past, to: peer })).to.deep.equal([])
    expect(await titles([`blackhole ${peer} 0`], undefined, { ...past, mark: '0x1' })).to.deep.equal(named)
    expect(await titles([`blackhole ${peer} 0`], undefined, { ...past, comesIn: 'eth0' })).to.deep.equal(
      named,
    )
  })

  it('is named where no route leads there, if no rule could and what refuses was read', async () => {
    const routeless =
      (more: (state: State) => void): Parameters<typeof findingsWhere>[1] =>
      (state, node) => {
        if (node !== 'worker1') return
        state.refusingRoutes = []
        state.root.routes = [{ destination: '172.17.0.0/16', device: 'docker0' }]
        more(state)
      }
    const found = async (more: (state: State) => void): Promise<string | undefined> =>
      (await findingsWhere('quick-data-port-dropped', routeless(more))).find(
        ({ code }) => code === 'peer-not-routed',
      )?.title
    expect(await found(() => {})).to.match(/^worker1 has no route to 192\.168\.56\.11 /)
    expect(await found((state) => (state.routingRules = [{ priority: 9, table: '9' }]))).to.equal(undefined)
    expect(await found((state) => delete state.refusingRoutes)).to.equal(undefined)
  })
})

describe('a queueing discipline', () => {
  type Disciplines = NonNullable<State['queueing']>
  /** On worker2, at both readings. */
  const shapedBy =
    (before: Disciplines | undefined, after: Disciplines): Parameters<typeof findingsWhere>[1] =>
    (state, node, reading) => {
      delete state.queueing
      const now = reading === 'kernel' ? before : after
      if (node === 'worker2' && now !== undefined) state.queueing = now
    }
  const one = (kind: string, dropped: number, device = 'eth1'): Disciplines[number] => ({
    ...{ device, kind, dropped, packets: 900 },
    ...(kind === 'netem' ? { does: ['loss'] } : {}),
  })
  const titles = async (...asked: Parameters<typeof shapedBy>): Promise<string[]> =>
    (await findingsWhere('quick-data-port-dropped', shapedBy(...asked)))
      .filter(({ code }) => code === 'queueing-disturbs')
      .map(({ title }) => title)

  it('is named where it dropped as many as were missed, netem as well, which counts what it loses', async () => {
    for (const [kind, does] of [
      ['tbf', ''],
      ['netem', ' (loss)'],
    ] as const) {
      expect(await titles([one(kind, 4)], [one(kind, 99)])).to.deep.equal([
        `${kind}${does} on eth1 of worker2 disturbs what it sends, 95 packets dropped meanwhile`,
      ])
      expect(await titles([one(kind, 0)], [one(kind, 0)])).to.deep.equal([])
      expect(await titles([one(kind, 4)], [one(kind, 9)])).to.deep.equal([])
    }
  })

  for (const does of [['delay'], ['reorder', 'delay'], ['duplicate'], ['corrupt'], ['rate']])
    it(`of netem with ${does.join(' and ')} that dropped nothing takes nothing from what drops`, async () => {
      const netem = { ...one('netem', 0), does }
      const found = await findingsWhere('quick-data-port-dropped', shapedBy([netem], [netem]))
      const unshaped = await findingsWhere('quick-data-port-dropped')
      expect(found).to.deep.equal(unshaped)
    })

  it('of netem takes nothing that did not end on its node', async () => {
    const found = await findingsWhere('traffic-control-drops', (state, node, reading) => {
      if (node === 'manager') state.queueing = [one('netem', reading === 'kernel' ? 0 : 5000)]
    })
    expect(found.map(({ code }) => code)).to.deep.equal(['arrives-undelivered'])
  })

  it('of netem that dropped nothing explains datagrams that are lost only where it corrupts some', async () => {
    const explainedBy = async (...does: string[]): Promise<readonly string[] | undefined> =>
      (
        await findingsWhere('packets-lost', (state, node) => {
          if (node === 'worker2') state.queueing = [{ ...one('netem', 0), does }]
        })
      ).find(({ code }) => code === 'queueing-disturbs')?.explains
    expect(await explainedBy('corrupt')).to.deep.equal(['OVL-19'])
    for (const other of ['loss', 'delay', 'duplicate']) expect(await explainedBy(other)).to.equal(undefined)
  })

  it('is none that dropped fewer than were missed', async () => {
    expect(await titles([one('htb', 4)], [one('htb', 5)])).to.deep.equal([])
  })

  it('is counted over all queues of its interface', async () => {
    const queues = [one('cake', 0), one('cake', 95)]
    expect(await titles(queues, queues)).to.deep.equal([])
    expect(await titles(queues, [one('cake', 95), one('cake', 95)])).to.deep.equal([
      'cake on eth1 of worker2 disturbs what it sends, 95 packets dropped meanwhile',
    ])
  })

  it('is told of a rise only where it was read before', async () => {
    expect(await titles(undefined, [one('htb', 95)])).to.deep.equal([])
    expect(await titles([], [one('htb', 95)])).to.have.lengthOf(1)
    expect(await titles(undefined, [one('netem', 95)])).to.have.lengthOf(1)
  })

  it('is told from one that the lab’s file asks for, by what to do', async () => {
    const remedyOn = async (lab: string): Promise<string | undefined> => {
      const found = await findingsWhere(
        'quick-data-port-dropped',
        shapedBy([one('netem', 0)], [one('netem', 95)]),
        undefined,
        findTopology(lab),
      )
      return found.find(({ code }) => code === 'queueing-disturbs')?.remedy[0]
    }
    expect(await remedyOn('three-node')).to.match(/^On worker2: `tc qdisc del dev eth1 root`/)
    expect(await remedyOn('impaired')).to.match(/^The lab's file impairs .*25 ms of delay.*: verify on a lab/)
  })

  it('is none that limits and dropped nothing, or on another interface', async () => {
    expect(await titles([one('tbf', 9)], [one('tbf', 9)])).to.deep.equal([])
    expect(await titles([one('netem', 0, 'eth0')], [one('netem', 95, 'eth0')])).to.deep.equal([])
  })
})

describe('a node without its data-path address', () => {
  const run = 'reverse-path-filter'
  const address = '192.168.56.12'
  /** On worker1, whom no other node gets an answer from: its own network by no interface any more, and this besides. */
  const lost =
    (change: (state: State) => void): Parameters<typeof findingsWhere>[1] =>
    (state, node) => {
      const { root } = state
      if (node !== 'worker1') {
        for (const neighbour of root.neighbours)
          if (neighbour.address === address) {
            delete neighbour.mac
            neighbour.state = 'FAILED'
          }
        return
      }
      root.routes = root.routes.filter(
        ({ device, destination }) => device !== 'eth1' && destination !== '192.168.56.13/32',
      )
      change(state)
    }
  const eth1 = ({ root }: State): State['root']['links'][number] => {
    const link = root.links.find(({ name }) => name === 'eth1')
    if (link === undefined) throw new Error('there is no eth1')
    return link
  }
  const explained = ['CTL-03', 'CTL-04', 'CTL-07', 'OVL-03']

  for (const [what, change] of Object.entries<(state: State) => void>({
    'eth1 has no IPv4 address': (state) => (eth1(state).addresses = []),
    'eth1 is down': (state) => Object.assign(eth1(state), { addresses: [], up: false }),
    'eth1 has 192.168.56.112': (state) =>
      (eth1(state).addresses = [{ address: '192.168.56.112', prefixLength: 24, family: 'inet' }]),
    'there is no eth1': ({ root }) => (root.links = root.links.filter(({ name }) => name !== 'eth1')),
    'there is no eth1, and bond0 has it': (state) => (eth1(state).name = 'bond0'),
    'eth1 has no IPv4 address, and br0 has it': (state) => {
      state.root.links = [...state.root.links, { ...eth1(state), name: 'br0', kind: 'bridge' }]
      eth1(state).addresses = []
    },
  }))
    it(`is the one cause of what it misses: ${what}`, async () => {
      const found = await findingsWhere(run, lost(change))
      expect(found.map(({ code, explains }) => [code, explains])).to.deep.equal([
        ['data-path-address-gone', explained],
      ])
      expect(found[0]?.title).to.equal(`worker1 no longer has 192.168.56.12, its data-path address: ${what}`)
    })

  it('is told what to do by the interface that has it now', async () => {
    const [finding] = await findingsWhere(
      run,
      lost((state) => {
        state.root.links = [...state.root.links, { ...eth1(state), name: 'br0', kind: 'bridge' }]
        eth1(state).addresses = []
      }),
    )
    expect(finding?.remedy[0]).to.contain('`ip addr del 192.168.56.12/24 dev br0`')
  })

  it('is not told of one whose interface is up and has it, nor where no interfaces were read', async () => {
    for (const change of [() => {}, (state: State) => (state.root.links = [])])
      expect((await findingsWhere(run, lost(change))).map(({ code }) => code)).to.not.include(
        'data-path-address-gone',
      )
  })

  it('does not explain what others miss of each other', async () => {
    const found = await findingsWhere('reverse-path-filter', (state, node) => {
      if (node === 'manager') eth1(state).up = false
    })
    expect(found.map(({ code }) => code)).to.deep.equal(['reverse-path-filter-drops'])
  })
})
