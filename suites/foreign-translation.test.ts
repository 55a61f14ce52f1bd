import { expect } from 'chai'
import type { Finding } from '../lib/observation/finding.ts'
import type { Problem } from '../lib/observation/problem.ts'
import { allOf, deleted } from './changed-firewall.fake.ts'
import { causesWhere, type Reports } from './stored/causes-where.fake.ts'
import type { Changeable, ChangeKernel, Reading } from './stored/changed-kernel.fake.ts'
import type { HostState } from '../lib/observe/host-state.ts'

const address = { manager: '192.168.56.11', worker1: '192.168.56.12', worker2: '192.168.56.13' } as const
type Node = keyof typeof address

/** What a rule of iptables counted by each look, in the place of the first of its chain. */
interface Added {
  readonly on: Node
  /** Of the host itself, or of a namespace of it that has this name, or begins with it. */
  readonly inside?: string
  readonly table?: string
  readonly chain: string
  readonly rule: string
  readonly packets?: number
}

function adding({ on, inside, table = 'nat', chain, rule, packets = 3 }: Added): ChangeKernel {
  return (state, node, when) => {
    if (node !== on) return
    const of = inside === undefined ? [state.root] : namespacesOf(state, inside)
    for (const { firewall } of of) {
      for (const one of firewall) if (one.table === table && one.chain === chain) one.position++
      firewall.unshift({
        ...{ table, chain, position: 1, rule, bytes: 0 },
        packets: when === 'kernel-after' ? packets : 0,
      })
    }
  }
}

function namespacesOf(state: Changeable<HostState>, name: string) {
  const found = Object.entries(state.namespaces).filter(([one]) => one.startsWith(name))
  if (found.length === 0) throw new Error(`there is no namespace ${name}`)
  return found.map(([, one]) => one)
}

const at = (found: readonly Finding[]): unknown[] =>
  found.map(({ code, nodes, explains }) => [code, nodes, explains])

/** A port of `web` inside, asked at a node from another. */
const unpublished = (node: Node, more: Partial<Problem> = {}): Problem => ({
  ...{ code: 'unpublished-port-answered', kind: 'seen', node, path: { from: 'manager', to: node } },
  ...{
    protocol: 'TCP',
    address: address[node],
    port: 80,
    subject: 'target port',
    observed: 'swp-web@worker1',
  },
  ...more,
})
const sandbox = '172.18.0.2'
const causes = (reports: Reports, ...added: readonly Added[]): Finding[] =>
  causesWhere(reports, (state, node, when: Reading) => {
    for (const one of added) adding(one)(state, node, when)
  })

describe('a rule that is not the engine’s and leads a port elsewhere', function () {
  this.timeout(60_000)

  const dnat = (on: Node, more: Partial<Added> = {}): Added => ({
    ...{ on, chain: 'PREROUTING' },
    rule: `-d ${address[on]}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${sandbox}:8080`,
    ...more,
  })

  it('is the cause of a port that answers and is not published, on any node and in any chain', () => {
    for (const node of ['worker2', 'worker1'] as const)
      for (const chain of ['PREROUTING', 'DOCKER-INGRESS', 'DOCKER']) {
        const [first, ...others] = causes({ 'ING-06': [unpublished(node)] }, dnat(node, { chain }))
        expect(first, chain).to.deep.include({
          code: 'foreign-translation',
          nodes: [node],
          explains: ['ING-06'],
        })
        expect(first?.title).to.equal(
          `${node} leads port 80/tcp to ${sandbox}:8080: iptables -t nat -A ${chain} ${dnat(node).rule}, 3 connections meanwhile`,
        )
        expect(first?.remedy[0]).to.contain(`\`iptables -t nat -D ${chain} -d ${address[node]}/32`)
        expect(first?.remedy[1]).to.contain(`\`conntrack -D -p tcp --orig-port-dst 80\` on ${node}`)
        expect(others).to.deep.equal([])
      }
  })

  it('is found by REDIRECT, by a range of ports, behind a chain of its own, and where the asking node has it', () => {
    const redirect = dnat('worker2', {
      rule: '-p tcp -m multiport --dports 79:81 -j REDIRECT --to-ports 8080',
    })
    expect(at(causes({ 'ING-06': [unpublished('worker2')] }, redirect))).to.deep.equal([
      ['foreign-translation', ['worker2'], ['ING-06']],
    ])
    const behind: readonly Added[] = [
      {
        ...{ on: 'worker2', chain: 'forwards' },
        rule: `-p tcp -m tcp --dport 80 -j DNAT --to-destination ${sandbox}:8080`,
      },
      { on: 'worker2', chain: 'PREROUTING', rule: '-i eth1 -j forwards' },
    ]
    expect(at(causes({ 'ING-06': [unpublished('worker2')] }, ...behind))).to.deep.equal([
      ['foreign-translation', ['worker2'], ['ING-06']],
    ])
    const asking: Added = {
      ...{ on: 'manager', chain: 'OUTPUT' },
      rule: `-d ${address.worker2}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination :8080`,
    }
    expect(at(causes({ 'ING-06': [unpublished('worker2')] }, asking))).to.deep.equal([
      ['foreign-translation', ['manager'], ['ING-06']],
    ])
  })

  it('is found in nftables', () => {
    const found = causesWhere({ 'ING-06': [unpublished('worker2')] }, (state, node) => {
      if (node !== 'worker2') return
      const rule = {
        ...{ handle: 4, verdict: '', leadsTo: `${sandbox}:8080` },
        conditions: [{ left: 'tcp dport', values: ['80'] }],
      }
      state.nftables = [
        {
          ...{ family: 'ip', table: 'own', chain: 'pre', hook: 'prerouting', kind: 'nat', priority: -110 },
          ...{ policy: 'accept', rules: [rule] },
        },
      ]
    })
    expect(at(found)).to.deep.equal([['foreign-translation', ['worker2'], ['ING-06']]])
    expect(found[0]?.title).to.match(/: nft ip own pre: tcp dport 80 dnat to 172\.18\.0\.2:8080$/)
    expect(found[0]?.remedy[0]).to.contain('nft -a list chain ip own pre')
  })

  it('is the cause of a port of host mode that another node relays, and of a published one that is led away', () => {
    const relay: Added = {
      ...{ on: 'worker1', chain: 'PREROUTING' },
      rule: `-d ${address.worker1}/32 -p tcp -m tcp --dport 8083 -j DNAT --to-destination ${address.manager}:8083`,
    }
    const elsewhere: Problem = {
      ...{ code: 'host-port-answered-elsewhere', kind: 'seen', node: 'worker1', service: 'swp-here' },
      ...{ path: { from: 'worker2', to: 'worker1' }, protocol: 'TCP', address: address.worker1, port: 8083 },
      observed: 'a1b2c3',
    }
    const silent: Problem = {
      ...{ code: 'port-not-answered', kind: 'missed', node: 'worker1', service: 'swp-web', protocol: 'TCP' },
      ...{
        path: { from: 'manager', to: 'worker1' },
        address: address.worker1,
        port: 8080,
        observed: '4 of 4',
      },
    }
    expect(at(causes({ 'ING-07': [elsewhere] }, relay))).to.deep.equal([
      ['foreign-translation', ['worker1'], ['ING-07']],
    ])
    const away = { ...relay, rule: '-p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 3129' }
    expect(at(causes({ 'ING-01': [silent] }, away))).to.deep.equal([
      ['foreign-translation', ['worker1'], ['ING-01']],
    ])
    // What it asks itself does not come to PREROUTING.
    const own: Problem = { ...silent, code: 'own-port-not-answered' }
    delete (own as Changeable<Problem>).path
    expect(at(causes({ 'ING-01': [own] }, away))).to.deep.equal([])
    expect(at(causes({ 'ING-01': [own] }, { ...away, chain: 'OUTPUT' }))).to.deep.equal([
      ['foreign-translation', ['worker1'], ['ING-01']],
    ])
  })

  it('is none for another port, protocol, sender or address, that counted nothing, or that leads where the engine does', () => {
    const reports: Reports = { 'ING-06': [unpublished('worker2')] }
    const rule = (words: string): Added => ({ on: 'worker2', chain: 'PREROUTING', rule: words })
    for (const words of [
      `-p tcp -m tcp --dport 8088 -j DNAT --to-destination ${sandbox}:8080`,
      `-p udp -m udp --dport 80 -j DNAT --to-destination ${sandbox}:8080`,
      `-s 10.9.0.0/16 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${sandbox}:8080`,
      `-d 203.0.113.7/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${sandbox}:8080`,
      `-i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${sandbox}:8080`,
      `-p tcp -m tcp --dport 80 -j DNAT --to-destination ${sandbox}:80`,
      '-p tcp -m tcp --dport 80 -j ACCEPT',
    ])
      expect(at(causes(reports, rule(words))), words).to.deep.equal([])
    expect(at(causes(reports, dnat('worker2', { packets: 0 })))).to.deep.equal([])
    expect(at(causes(reports, dnat('worker1')))).to.deep.equal([])
    expect(at(causes(reports, { ...dnat('worker2'), chain: 'OUTPUT' }))).to.deep.equal([])
    // A container of the host that publishes the port: the engine leads it there.
    const published = '! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.5:80'
    expect(at(causes(reports, { ...rule(published), chain: 'DOCKER' }))).to.deep.equal([])
  })

  it('is none of the engine’s whose bridge has lost its address', () => {
    const silent: Problem = {
      ...{ code: 'port-not-answered', kind: 'missed', node: 'worker1', service: 'swp-web', protocol: 'TCP' },
      ...{ path: { from: 'manager', to: 'worker1' }, address: address.worker1, port: 8080 },
      observed: '4 of 4',
    }
    const found = causesWhere({ 'ING-01': [silent] }, ({ root }, node, when) => {
      if (node !== 'worker1') return
      for (const link of root.links) if (link.name === 'docker_gwbridge') link.addresses = []
      for (const rule of root.firewall)
        if (rule.chain === 'DOCKER-INGRESS' && when === 'kernel-after') rule.packets += 9
    })
    expect(at(found)).to.deep.equal([['gateway-bridge-broken', ['worker1'], ['ING-01']]])
  })

  it('that matches by what cannot be read is said of what was seen, and not of what was missed', () => {
    const rule = '-p tcp -m set --match-set forwarded dst -j DNAT --to-destination 172.18.0.2:8080'
    const added: Added = { on: 'worker2', chain: 'PREROUTING', rule }
    expect(at(causes({ 'ING-06': [unpublished('worker2')] }, added))).to.deep.equal([
      ['foreign-translation', ['worker2'], ['ING-06']],
    ])
    const silent: Problem = {
      ...{ code: 'port-not-answered', kind: 'missed', node: 'worker2', service: 'swp-web', protocol: 'TCP' },
      ...{
        path: { from: 'manager', to: 'worker2' },
        address: address.worker2,
        port: 8080,
        observed: '4 of 4',
      },
    }
    expect(at(causes({ 'ING-01': [silent] }, added))).to.deep.equal([])
  })

  it('is a program that listens there, where no rule leads the port on', () => {
    const listening =
      (port: number, host = '0.0.0.0'): ChangeKernel =>
      (state, node) => {
        if (node === 'worker2') state.listeners.push({ protocol: 'tcp', address: host, port })
      }
    const [first] = causesWhere({ 'ING-06': [unpublished('worker2')] }, listening(80))
    expect(first).to.deep.include({ code: 'foreign-translation', nodes: ['worker2'], explains: ['ING-06'] })
    expect(first?.title).to.equal(
      'A program of worker2 answers on port 80/tcp: a program listens on 0.0.0.0, port 80/tcp',
    )
    for (const other of [listening(81), listening(80, '127.0.0.1')])
      expect(causesWhere({ 'ING-06': [unpublished('worker2')] }, other)).to.deep.equal([])
    // The engine’s own proxy of a container that publishes the port.
    const published = '! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.5:80'
    const proxied = causesWhere({ 'ING-06': [unpublished('worker2')] }, (state, node, when) => {
      adding({ on: 'worker2', chain: 'DOCKER', rule: published })(state, node, when)
      listening(80)(state, node, when)
    })
    expect(proxied).to.deep.equal([])
  })
})

describe('a rule that is not the engine’s and leads what tasks send elsewhere', function () {
  this.timeout(60_000)
  const split: Problem = {
    ...{ code: 'connection-split', kind: 'seen', node: 'worker2', network: 'swp-clear', service: 'swp-web' },
    ...{ ends: { from: 'swp-rr@worker2', to: 'swp-web' }, address: '10.91.1.1', port: 7010 },
    observed: 'swp-web@manager, swp-web@worker2',
  }
  const rule = '-d 10.91.1.1/32 -p tcp -m tcp --dport 7010 -j REDIRECT --to-ports 7011'

  it('is found in the namespace of the client, of the balancer and of the overlay', () => {
    for (const [inside, chain] of [
      ['30f8691a4f68', 'OUTPUT'],
      ['lb_ryel08rau', 'PREROUTING'],
      ['1-ryel08raus', 'PREROUTING'],
    ] as const) {
      const [first, ...others] = causes({ 'LB-01': [split] }, { on: 'worker2', inside, chain, rule })
      expect(first, inside).to.deep.include({
        ...{ code: 'foreign-translation', nodes: ['worker2'], networks: ['swp-clear'], explains: ['LB-01'] },
      })
      const whose = chain === 'OUTPUT' ? ' of swp-rr@worker2' : ''
      expect(first?.title).to.contain(
        `in the namespace ${inside}${whose} iptables -t nat -A ${chain} ${rule}`,
      )
      expect(first?.remedy[0]).to.contain(
        `nsenter --net=/run/docker/netns/${inside} iptables -t nat -D ${chain}`,
      )
      expect(others).to.deep.equal([])
    }
  })

  it('is none of another task, of another network, or of the engine’s own rules there', () => {
    for (const [inside, chain] of [
      ['3bf286ea1969', 'OUTPUT'],
      ['lb_xwudqqfvs', 'PREROUTING'],
      ['30f8691a4f68', 'PREROUTING'],
    ] as const)
      expect(at(causes({ 'LB-01': [split] }, { on: 'worker2', inside, chain, rule })), inside).to.deep.equal(
        [],
      )
    expect(at(causes({ 'LB-01': [split] }))).to.deep.equal([])
  })

  const onPort: Problem = {
    ...{
      code: 'data-on-other-port',
      kind: 'seen',
      node: 'worker2',
      path: { from: 'worker2', to: 'manager' },
    },
    ...{ observed: 8472, expected: 4789 },
  }
  const lost: Problem = {
    ...{
      code: 'not-delivered',
      kind: 'missed',
      path: { from: 'manager', to: 'worker2' },
      network: 'swp-clear',
    },
    ...{
      protocol: 'UDP',
      ends: { from: 'swp-rr@manager', to: 'swp-rr@worker2' },
      observed: 'no answer within 5.0 s',
    },
  }

  it('is the cause of VXLAN that goes to another port or address, and of what is missed with it', () => {
    const port: Added = {
      on: 'worker2',
      chain: 'OUTPUT',
      rule: '-p udp -m udp --dport 4789 -j DNAT --to-destination :8472',
    }
    const [first, ...others] = causes({ 'CTL-08': [onPort], 'OVL-03': [lost] }, port)
    expect(first).to.deep.include({
      ...{ code: 'foreign-translation', nodes: ['worker2'], explains: ['CTL-08', 'OVL-03'] },
    })
    expect(first?.title).to.match(/^worker2 leads VXLAN \(UDP 4789\) to port 8472: /)
    expect(first?.pairs).to.deep.include({ from: 'worker2', to: 'manager' })
    expect(others).to.deep.equal([])
    const elsewhere = { ...port, rule: '-p udp -m udp --dport 4789 -j DNAT --to-destination :8473' }
    expect(at(causes({ 'CTL-08': [onPort] }, elsewhere))).to.deep.equal([])
    // What arrives is led past the VXLAN device.
    const arriving = {
      ...port,
      chain: 'PREROUTING',
      rule: '-i eth1 -p udp -m udp --dport 4789 -j REDIRECT --to-ports 9999',
    }
    expect(at(causes({ 'OVL-03': [lost] }, arriving))).to.deep.equal([
      ['foreign-translation', ['worker2'], ['OVL-03']],
    ])
    expect(at(causes({ 'OVL-03': [lost] }, { ...arriving, on: 'worker1' }))).to.deep.equal([])
  })

  it('may work on after it was deleted, which is told where all rules were read', () => {
    const [first, ...others] = causes({ 'CTL-08': [onPort], 'OVL-03': [lost] })
    expect(first).to.deep.include({
      ...{ code: 'translation-outlives-rule', nodes: ['worker2'], explains: ['CTL-08', 'OVL-03'] },
    })
    expect(first?.title).to.match(/^worker2 sends VXLAN to UDP 8472, not 4789, and none of its rules/)
    expect(first?.remedy[0]).to.contain('`conntrack -D -p udp --orig-port-dst 4789`')
    expect(others).to.deep.equal([])
    for (const change of [
      (state: Changeable<HostState>) =>
        (state.unavailable = [{ what: 'firewall', tool: 'iptables-save', package: 'iptables' }]),
      (state: Changeable<HostState>) =>
        (state.firewallBackend = { ...state.firewallBackend, legacyTables: ['nat'] }),
      ({ namespaces }: Changeable<HostState>) => {
        for (const { links } of Object.values(namespaces))
          for (const { vxlan } of links) if (vxlan !== undefined) Object.assign(vxlan, { port: 8472 })
      },
    ])
      expect(at(causesWhere({ 'CTL-08': [onPort] }, (state) => void change(state)))).to.deep.equal([])
  })

  it('is no cause of what another node lacks by itself, nor of its nameservers', () => {
    const port: Added = {
      ...{ on: 'worker2', chain: 'OUTPUT' },
      rule: '-p udp -m udp --dport 4789 -j DNAT --to-destination :8472',
    }
    const found = causesWhere(
      {
        'CTL-08': [onPort],
        'ENC-07': [
          {
            ...{ code: 'drop-rule-missing', kind: 'missed', node: 'worker1', network: 'swp-secret' },
            expected: 4098,
          },
        ],
        'DSC-06': [
          {
            ...{ code: 'question-not-forwarded', kind: 'missed', node: 'worker1', expected: '172.31.250.3' },
            ends: { from: 'swp-rr@worker1', to: '172.31.250.3' },
          },
        ],
        'LB-01': [
          {
            ...{ code: 'virtual-ip-silent', kind: 'missed', node: 'manager', network: 'swp-clear' },
            ...{ protocol: 'TCP', address: '10.91.1.1', observed: 'timeout' },
          },
        ],
      },
      allOf(adding(port), deleted(/^filter INPUT .*--pol none .*-j DROP$/, 'worker1')),
    )
    expect(at(found)).to.deep.equal([
      ['foreign-translation', ['worker2'], ['CTL-08', 'LB-01']],
      ['clear-text-let-in', ['worker1'], ['ENC-07']],
    ])
  })

  it('is the cause of ports of the control plane that are led away', () => {
    const refused: Problem = {
      ...{ code: 'connection-refused', kind: 'missed', path: { from: 'worker1', to: 'manager' } },
      ...{ address: address.manager, port: 2377, observed: 'refused (ECONNREFUSED)' },
    }
    const away: Added = {
      ...{ on: 'manager', chain: 'PREROUTING' },
      rule: '-p tcp -m tcp --dport 2377 -j REDIRECT --to-ports 443',
    }
    expect(at(causes({ 'CTL-01': [refused] }, away))).to.deep.equal([
      ['foreign-translation', ['manager'], ['CTL-01']],
    ])
    const gossip: Problem = {
      ...{ code: 'gossip-unanswered', kind: 'missed', path: { from: 'worker1', to: 'manager' } },
      ...{ expected: 9, observed: 0 },
    }
    const udp = { ...away, rule: '-p udp -m udp --dport 7946 -j DNAT --to-destination 192.168.56.99' }
    expect(at(causes({ 'CTL-10': [gossip] }, udp))).to.deep.equal([
      ['foreign-translation', ['manager'], ['CTL-10']],
    ])
    expect(at(causes({ 'CTL-01': [refused] }, udp))).to.deep.equal([])
  })

  it('is the cause of questions that go to another nameserver', () => {
    const asked: Problem = {
      ...{ code: 'question-forwarded-elsewhere', kind: 'seen', node: 'worker1' },
      ...{
        ends: { from: 'swp-rr@worker1', to: '172.31.250.3' },
        expected: '172.31.250.3',
        observed: '9.9.9.9',
      },
    }
    const to = (server: string, chain: string): Added => ({
      ...{ on: 'worker1', chain },
      rule: `-p udp -m udp --dport 53 -j DNAT --to-destination ${server}:53`,
    })
    for (const chain of ['OUTPUT', 'PREROUTING'])
      expect(at(causes({ 'DSC-06': [asked] }, to('9.9.9.9', chain)))).to.deep.equal([
        ['foreign-translation', ['worker1'], ['DSC-06']],
      ])
    expect(at(causes({ 'DSC-06': [asked] }, to('9.9.9.8', 'OUTPUT')))).to.deep.equal([])
  })
})
