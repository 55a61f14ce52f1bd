import { expect } from 'chai'
import type { Problem } from '../lib/observation/problem.ts'
import { causesWhere, withoutRules } from './stored/causes-where.fake.ts'

const silent: Problem = {
  ...{ code: 'port-not-answered', kind: 'missed', node: 'worker1', port: 8080, protocol: 'TCP' },
  observed: 'no answer',
}
const codesOf = (found: ReturnType<typeof causesWhere>): string[] => found.map(({ code }) => code)

describe('a rule of the mesh that is missing', function () {
  // Ten diagnoses of three hosts.
  this.timeout(60_000)
  const port = silent.port ?? 0
  const without = (
    chain: string,
    where: 'root' | 'ingress_sbox',
    holding: RegExp,
    host = 'worker1',
    code: Problem['code'] = 'port-not-answered',
  ) =>
    causesWhere({ 'ING-01': [{ ...silent, node: host, code }] }, (state, on, when) => {
      if (on !== host || when === 'kernel') return
      const inside = where === 'root' ? state.root : state.namespaces[where]
      withoutRules(inside, (rule) => rule.chain === chain && holding.test(rule.rule))
    })

  it('is DNAT, the mark, or the jump for what the node sends itself, on any node', () => {
    for (const [chain, where, holding, words] of [
      ['DOCKER-INGRESS', 'root', new RegExp(`--dport ${port} -j DNAT`), /no DNAT rule/],
      ['PREROUTING', 'ingress_sbox', new RegExp(`--dport ${port} .*MARK`), /marks it/],
      ['OUTPUT', 'root', /DOCKER-INGRESS/, /nat OUTPUT/],
      ['PREROUTING', 'root', /DOCKER-INGRESS/, /nat PREROUTING/],
      ['POSTROUTING', 'root', /--src-type LOCAL .*MASQUERADE/, /masqueraded/],
    ] as const)
      for (const host of ['worker1', 'manager']) {
        const own = /^(OUTPUT|POSTROUTING)$/.test(chain)
        const [first, ...others] = without(
          ...([chain, where, holding, host] as const),
          own ? 'own-port-not-answered' : 'port-not-answered',
        )
        expect(first, String(words)).to.deep.include({ code: 'mesh-rule-missing', nodes: [host] })
        expect(first?.proof.join(' ')).to.match(words)
        expect(first?.explains).to.deep.equal(['ING-01'])
        expect(others).to.deep.equal([])
      }
  })

  it('is none of what the node sends itself, where others are not answered', () => {
    expect(without('OUTPUT', 'root', /DOCKER-INGRESS/)).to.deep.equal([])
    expect(without('POSTROUTING', 'root', /--src-type LOCAL .*MASQUERADE/)).to.deep.equal([])
  })

  it('is none where all rules are there, where another node is silent, or nothing could be read', () => {
    expect(causesWhere({ 'ING-01': [silent] })).to.deep.equal([])
    const dnat = (state: Parameters<Parameters<typeof causesWhere>[1] & {}>[0]): void =>
      withoutRules(
        state.root,
        ({ chain, rule }) => chain === 'DOCKER-INGRESS' && rule.includes(`--dport ${port} -j DNAT`),
      )
    const elsewhere = causesWhere({ 'ING-01': [silent] }, (state, host) => {
      if (host === 'manager') dnat(state)
    })
    expect(elsewhere).to.deep.equal([])
    const blind = causesWhere({ 'ING-01': [silent] }, (state, host) => {
      if (host !== 'worker1') return
      dnat(state)
      state.unavailable = [{ what: 'firewall', tool: 'iptables-save', package: 'iptables' }]
    })
    expect(blind).to.deep.equal([])
  })
})

describe('a firewall rule in a namespace', () => {
  const unresolved: Problem = {
    ...{ code: 'name-not-answered', kind: 'missed', node: 'worker2', network: 'swp-clear' },
    observed: 'no answer',
  }
  const withDrop = (rule: string, packets: number, node = 'worker2') =>
    causesWhere({ 'DSC-01': [{ ...unresolved, node }] }, (state, host, when) => {
      if (host !== 'worker2') return
      const lb = Object.entries(state.namespaces).find(([name]) => name.startsWith('lb_'))?.[1]
      const sandbox = Object.values(state.namespaces).find(
        (one) =>
          one !== lb &&
          one.links.some(({ addresses }) => addresses.some(({ address }) => address.startsWith('10.0.'))) &&
          one.firewall.some((own) => own.chain === 'DOCKER_OUTPUT'),
      )
      for (const inside of [sandbox])
        inside?.firewall.push({
          ...{ table: 'filter', chain: 'OUTPUT', position: 1, rule, bytes: 0 },
          packets: when === 'kernel-after' ? packets : 1,
        })
    })

  it('that counted is the cause, with what removes it', () => {
    const [first] = withDrop('-s 127.0.0.11/32 -p udp -j DROP', 9)
    expect(first).to.deep.include({ code: 'namespace-firewall-drops', nodes: ['worker2'] })
    expect(first?.title).to.contain('8 packets meanwhile')
    expect(first?.remedy[0]).to.contain('-D OUTPUT -s 127.0.0.11/32 -p udp -j DROP')
    expect(
      codesOf(withDrop('-p udp -m udp --sport 53 -j REJECT --reject-with icmp-port-unreachable', 2)),
    ).to.deep.equal(['namespace-firewall-drops'])
  })

  it('is none where it did not count, lets packets through, or another node is silent', () => {
    expect(withDrop('-s 127.0.0.11/32 -p udp -j DROP', 1)).to.deep.equal([])
    expect(withDrop('-s 127.0.0.11/32 -p udp -j ACCEPT', 9)).to.deep.equal([])
    expect(withDrop('-s 127.0.0.11/32 -p udp -j DROP', 9, 'manager')).to.deep.equal([])
  })

  it('is none of those that the engine makes for an ingress address', () => {
    expect(withDrop('-s 10.0.0.9/32 -p udp -j DROP', 9)).to.deep.equal([])
  })
})

describe('what problems themselves place', () => {
  const on = (node: string, problem: Omit<Problem, 'node'>): Problem => ({ ...problem, node })
  const mtu = {
    code: 'interface-mtu-wrong',
    kind: 'seen',
    network: 'swp-clear',
    subject: 'eth0',
    expected: 1450,
    observed: 1300,
  } as const

  it('is an MTU that was set on single interfaces, and none where it is so on every node', () => {
    const [first] = causesWhere({ 'MTU-01': [on('worker1', mtu)] })
    expect(first).to.deep.include({ code: 'interface-mtu-set', nodes: ['worker1'], explains: ['MTU-01'] })
    const everywhere = ['manager', 'worker1', 'worker2'].map((node) => on(node, mtu))
    expect(causesWhere({ 'MTU-01': everywhere })).to.deep.equal([])
  })

  it('is a docker_gwbridge that takes more than the uplink, on one node or all', () => {
    const large = {
      code: 'larger-than-uplink',
      kind: 'seen',
      subject: 'docker_gwbridge',
      expected: 1450,
      observed: 1500,
    } as const
    for (const nodes of [['worker2'], ['manager', 'worker1', 'worker2']]) {
      const [first] = causesWhere({ 'MTU-05': nodes.map((node) => on(node, large)) })
      expect(first).to.deep.include({ code: 'gateway-bridge-mtu-too-large', nodes })
    }
  })

  it('is an address that two hold, as a pair, and one outside its subnet, as a node', () => {
    const twice: Problem = {
      ...{ code: 'address-held-twice', kind: 'seen', network: 'swp-clear', address: '10.0.1.7' },
      path: { from: 'worker1', to: 'worker2' },
    }
    const [first] = causesWhere({ 'ADR-03': [twice] })
    expect(first).to.deep.include({ code: 'endpoint-addresses', nodes: [], pairs: [twice.path] })
    const outside = {
      code: 'address-outside-subnet',
      kind: 'seen',
      network: 'swp-clear',
      observed: '203.0.113.9',
    } as const
    expect(causesWhere({ 'OVL-07': [on('worker2', outside)] })[0]).to.deep.include({
      ...{ code: 'endpoint-addresses', nodes: ['worker2'] },
    })
  })

  it('is an address of one task, and not what others on its node miss', () => {
    const lost = (to: string): Problem => ({
      ...{ code: 'not-delivered', kind: 'missed', network: 'swp-clear', protocol: 'UDP' },
      ...{ path: { from: 'manager', to: 'worker2' }, ends: { from: 'swp-rr@manager', to } },
    })
    const wrong = (code: Problem['code'], to: string): readonly string[] | undefined =>
      causesWhere({
        'ADR-01': [
          {
            ...on('worker2', { code, kind: 'seen', network: 'swp-clear', subject: 'swp-web@worker2' }),
            ...{ address: '10.91.1.9', expected: 24, observed: 32 },
          },
        ],
        'OVL-03': [lost(to)],
      }).find((one) => one.code === 'endpoint-addresses')?.explains
    expect(wrong('address-not-held', 'swp-web@worker2')).to.have.members(['ADR-01', 'OVL-03'])
    expect(wrong('address-not-held', 'swp-rr@worker2')).to.deep.equal(['ADR-01'])
    expect(wrong('prefix-length-differs', 'swp-web@worker2')).to.deep.equal(['ADR-01'])
  })

  it('is a bridge that lacks a port, and what is not delivered there follows from it', () => {
    const off = { code: 'device-off-bridge', kind: 'missed', network: 'swp-clear', subject: 'veth1' } as const
    const lost: Problem = {
      ...{
        code: 'not-delivered',
        kind: 'missed',
        network: 'swp-clear',
        protocol: 'UDP',
        observed: 'no answer',
      },
      path: { from: 'manager', to: 'worker2' },
    }
    const found = causesWhere({ 'VXL-05': [on('worker2', off)], 'OVL-03': [lost] })
    expect(codesOf(found)).to.deep.equal(['overlay-bridge-incomplete'])
    expect(found[0]?.explains).to.have.members(['VXL-05', 'OVL-03'])
    expect(found[0]?.remedy[0]).to.contain('`docker service update --force SERVICE`')
    // What a balancer was told comes by gossip, and frames need no gateway’s address.
    const untold: Problem = {
      ...{ code: 'balancer-lacks-task', kind: 'missed', network: 'swp-clear', address: '10.0.1.9' },
      node: 'worker2',
    }
    const [cutOff] = causesWhere({ 'VXL-05': [on('worker2', off)], 'LB-02': [untold] })
    expect(cutOff).to.deep.include({ code: 'overlay-bridge-incomplete', explains: ['VXL-05'] })
    const bare = { code: 'gateway-address-missing', kind: 'missed', subject: 'br0' } as const
    const [only] = causesWhere({
      'VXL-05': [on('worker2', { ...bare, network: 'swp-clear', expected: '10.0.1.1/24' })],
      'OVL-03': [lost],
    })
    expect(only).to.deep.include({ code: 'overlay-bridge-incomplete', explains: ['VXL-05'] })
    expect(only?.remedy[0]).to.contain('`docker node update --availability drain NODE`')
  })

  it('is one bridge for each network, and no matter of another network on the node', () => {
    const off = { code: 'device-off-bridge', kind: 'missed', subject: 'veth1' } as const
    const lost: Problem = {
      ...{ code: 'not-delivered', kind: 'missed', network: 'swp-clear', protocol: 'UDP' },
      path: { from: 'manager', to: 'worker1' },
    }
    const down = { code: 'device-down', kind: 'missed', network: 'swp-secret', subject: 'vxlan0' } as const
    const [first, second, ...others] = causesWhere({
      'VXL-05': [
        on('worker2', { ...off, network: 'swp-clear' }),
        on('manager', down),
        on('worker2', { ...down, subject: 'br0' }),
      ],
      'OVL-03': [lost],
    })
    expect([first?.title, second?.title, others]).to.deep.equal([
      'The bridge of swp-clear on worker2 is not whole: veth1 is not on its bridge',
      'The bridge of swp-secret on manager and worker2 is not whole: on manager vxlan0 is down, and 1 more',
      [],
    ])
    expect([first?.explains, second?.explains]).to.deep.equal([['VXL-05'], ['VXL-05']])
  })

  it('is an IPsec state that one end lost, with the pair, and none where all nodes lack some', () => {
    const lacks = {
      code: 'outbound-states-differ',
      kind: 'missed',
      subject: 'manager',
      observed: 0,
      expected: 1,
    } as const
    const [first] = causesWhere({ 'ENC-03': [on('worker2', lacks)] })
    expect(first).to.deep.include({
      code: 'security-association-missing',
      pairs: [{ from: 'worker2', to: 'manager' }],
    })
    const all = ['manager', 'worker1', 'worker2'].map((node) => on(node, lacks))
    expect(causesWhere({ 'ENC-03': all })).to.deep.equal([])
  })
})

describe('a rule of FORWARD', function () {
  this.timeout(60_000)
  type Change = Parameters<typeof causesWhere>[1] & {}
  const forwarding =
    (rule: string, counted = 317, lacking = false): Change =>
    (state, on, when) => {
      if (on !== 'worker1') return
      const packets = when === 'kernel-after' ? 1000 + counted : 1000
      state.root.firewall.unshift({
        ...{ table: 'filter', chain: 'FORWARD', position: 1, rule, packets, bytes: 0 },
      })
      if (lacking)
        withoutRules(
          state.root,
          (one) => one.chain === 'DOCKER-INGRESS' && one.rule.includes(`--dport ${silent.port} -j DNAT`),
        )
    }
  const asked: Problem = { ...silent, path: { from: 'manager', to: 'worker1' } }
  const found = (...rule: Parameters<typeof forwarding>) =>
    codesOf(causesWhere({ 'ING-01': [asked] }, forwarding(...rule)))
  const others = [
    '-i eth0 -p tcp -m tcp --dport 9000 -j DROP',
    '-p tcp -m conntrack --ctorigdstport 5432 --ctdir ORIGINAL -j DROP',
    '! -s 10.0.0.0/8 -i eth0 -j DROP',
    '-i eth1 -s 203.0.113.0/24 -j DROP',
    '-d 172.17.0.0/16 -j DROP',
    '-p udp -m udp --dport 8080 -j DROP',
  ]

  for (const rule of others)
    it(`that counted strangers is no cause: ${rule}`, () => {
      expect(found(rule, 317, true)).to.deep.equal(['mesh-rule-missing'])
      expect(found(rule)).to.deep.equal([])
    })

  for (const rule of [
    '-i eth1 -p tcp -m tcp --dport 8080 -j DROP',
    '-p tcp -m conntrack --ctorigdstport 8080 --ctdir ORIGINAL -j DROP',
    '-s 192.168.56.11/32 -j REJECT',
    '! -s 10.0.0.0/8 -o docker_gwbridge -j DROP',
  ]) {
    it(`that matches the request is the cause: ${rule}`, () => {
      expect(found(rule)).to.deep.equal(['host-firewall-drops'])
      expect(found(rule, 0)).to.deep.equal([])
    })

    it(`is asked about nothing that no rule leads to the mesh: ${rule}`, () => {
      expect(found(rule, 317, true)).to.deep.equal(['mesh-rule-missing'])
    })
  }

  it('of which it is not known what it matches is the cause only where nothing speaks against it', () => {
    const rule = '-m set --match-set crowdsec-blacklists src -j DROP'
    expect(found(rule)).to.deep.equal(['host-firewall-drops'])
    expect(found(rule, 317, true)).to.deep.equal(['mesh-rule-missing'])
    const unmarked: Change = (state, on, when) => {
      forwarding(rule)(state, on, when)
      if (on === 'worker1')
        withoutRules(state.namespaces['ingress_sbox'], (one) => / --dport 8080 .*MARK/.test(one.rule))
    }
    expect(codesOf(causesWhere({ 'ING-01': [asked] }, unmarked))).to.deep.equal(['mesh-rule-missing'])
    const own: Problem = { ...silent, code: 'own-port-not-answered' }
    expect(codesOf(causesWhere({ 'ING-01': [asked, own] }, forwarding(rule)))).to.deep.equal([])
    const lost: Problem = {
      ...{ code: 'not-delivered', kind: 'missed', network: 'swp-clear', protocol: 'UDP' },
      path: { from: 'manager', to: 'worker2' },
    }
    const behind = causesWhere({ 'ING-01': [asked], 'OVL-03': [lost] }, forwarding(rule))
    expect(codesOf(behind)).to.not.include('host-firewall-drops')
  })

  it('is no cause of what is not forwarded: virtual IPs, what the node itself asks, ports of other nodes', () => {
    const change = forwarding('-j DROP')
    const vip: Problem = {
      ...{
        code: 'virtual-ip-silent',
        kind: 'missed',
        node: 'worker1',
        network: 'swp-clear',
        protocol: 'TCP',
      },
    }
    for (const [id, problem] of [
      ['LB-01', vip],
      ['ING-01', { ...silent, code: 'own-port-not-answered' }],
      ['ING-01', { ...asked, node: 'worker2', path: { from: 'worker1', to: 'worker2' } }],
    ] as const)
      expect(codesOf(causesWhere({ [id]: [problem] }, change))).to.not.include('host-firewall-drops')
  })

  it('is the cause of what tasks send out where it matches that', () => {
    const out: Problem = {
      ...{ code: 'outbound-never-left', kind: 'missed', node: 'worker1', protocol: 'UDP', port: 9 },
      ...{ address: '192.168.56.11', path: { from: 'worker1', to: 'manager' } },
    }
    const of = (rule: string): string[] => codesOf(causesWhere({ 'GWB-02': [out] }, forwarding(rule)))
    for (const rule of ['-i docker_gwbridge -o eth1 -j DROP', '-p udp -m udp --dport 9 -j DROP'])
      expect(of(rule), rule).to.deep.equal(['host-firewall-drops'])
    for (const rule of ['-i eth1 -j DROP', '-o eth0 -j DROP', '-o docker_gwbridge -j DROP', ...others])
      expect(of(rule), rule).to.deep.equal([])
  })
})

describe('a rule that drops before the engine’s, or on the way out', () => {
  const withRule =
    (host: string, placed: { table: string; chain: string; rule: string }, counted = 40) =>
    ({
      problem,
      requirement,
    }: {
      readonly problem: Problem
      readonly requirement: string
    }): ReturnType<typeof causesWhere> =>
      causesWhere({ [requirement]: [problem] }, (state, on, when) => {
        if (on !== host) return
        const packets = when === 'kernel-after' ? counted : 0
        state.root.firewall.push({ ...placed, packets, bytes: 0, position: 1 })
      })
  const lost: Problem = {
    ...{ code: 'not-encapsulated', kind: 'missed', node: 'worker2', network: 'swp-clear' },
    path: { from: 'worker2', to: 'manager' },
  }
  const vxl = { requirement: 'VXL-07', problem: lost }
  const ing = { requirement: 'ING-01', problem: silent }

  it('is the cause of what is not sent, in OUTPUT or POSTROUTING, by size, too', () => {
    for (const placed of [
      { table: 'filter', chain: 'OUTPUT', rule: '-d 192.168.56.11/32 -p udp -m udp --dport 4789 -j DROP' },
      {
        table: 'mangle',
        chain: 'POSTROUTING',
        rule: '-p udp -m udp --dport 4789 -m length --length 1300:65535 -j DROP',
      },
    ]) {
      const [first] = withRule('worker2', placed)(vxl)
      expect(first, placed.rule).to.deep.include({ code: 'outgoing-dropped', nodes: ['worker2'] })
      expect(first?.title).to.contain(placed.rule).and.contain('40 packets meanwhile')
    }
  })

  it('is the cause of a published port that is silent, by a range, too', () => {
    for (const rule of [
      '-p tcp -m tcp --dport 8080 -j DROP',
      '! -i lo -p tcp -m tcp --dport 8000:9000 -j DROP',
    ]) {
      const [first] = withRule('worker1', { table: 'raw', chain: 'PREROUTING', rule })(ing)
      expect(first, rule).to.deep.include({ code: 'published-port-dropped', nodes: ['worker1'] })
    }
  })

  it('is none where it did not count, is for another port, or on another node', () => {
    const output = { table: 'filter', chain: 'OUTPUT', rule: '-p udp -m udp --dport 4789 -j DROP' }
    const raw = { table: 'raw', chain: 'PREROUTING', rule: '-p tcp -m tcp --dport 8080 -j DROP' }
    expect(withRule('worker2', output, 0)(vxl)).to.deep.equal([])
    expect(withRule('worker1', output)(vxl)).to.deep.equal([])
    expect(withRule('worker2', { ...output, rule: '-p udp -m udp --dport 53 -j DROP' })(vxl)).to.deep.equal(
      [],
    )
    expect(withRule('worker1', raw, 0)(ing)).to.deep.equal([])
    expect(withRule('manager', raw)(ing)).to.deep.equal([])
    expect(withRule('worker1', { ...raw, rule: '-p tcp -m tcp --dport 8443 -j DROP' })(ing)).to.deep.equal([])
  })
})
