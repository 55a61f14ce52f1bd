import { expect } from 'chai'
import type { Finding } from '../lib/observation/finding.ts'
import type { Problem } from '../lib/observation/problem.ts'
import { allOf, deleted, inserted, ofNftables } from './changed-firewall.fake.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'
import { causesWhere } from './stored/causes-where.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

const nothing: ChangeKernel = () => {}

async function causes(
  change: ChangeKernel,
  reports: Readonly<Record<string, readonly Problem[]>>,
): Promise<Finding[]> {
  const found = await findingsWhere('standard-conformant', change, undefined, undefined, reports)
  return found.filter(({ severity }) => severity === 'cause')
}

/** Of a run whose kernels were read twice, so that counters tell. */
const meanwhile =
  (change: ChangeKernel): ChangeKernel =>
  (state, node, reading) => {
    if (reading === 'kernel-after') change(state, node, reading)
  }

/** What the engine accepts for published ports counted. */
const published = meanwhile(({ root }) => {
  for (const rule of root.firewall) if (rule.chain === 'DOCKER-INGRESS') rule.packets += 9
})

const titles = (found: readonly Finding[]): string[] => found.map(({ title }) => title)

describe('what containers send outside without the address of their node', () => {
  const sent = (node: string, observed: string): Problem => ({
    ...{ code: 'outbound-source-wrong', kind: 'seen', node, path: { from: node, to: 'manager' } },
    ...{ protocol: 'UDP', address: '192.168.56.11', port: 9, observed, expected: '192.168.56.13' },
  })
  /** What masquerades counted. */
  const counting: ChangeKernel = ({ root }) => {
    for (const rule of root.firewall) if (rule.rule.includes('MASQUERADE')) rule.packets += 9
  }
  const own = [sent('worker2', '172.18.0.4')]
  const engines = /^nat POSTROUTING -s 172\.18\.0\.0\/16 ! -o docker_gwbridge -j MASQUERADE$/

  it('is laid to the rule that is missing, with the nodes that have it', async () => {
    const [finding, ...others] = await causes(deleted(engines, 'worker2'), { 'GWB-02': own })
    expect(finding).to.deep.include({
      code: 'gateway-not-masqueraded',
      nodes: ['worker2'],
      explains: ['GWB-02'],
      title:
        "What containers on worker2 send outside leaves without worker2's address: no rule masquerades what leaves docker_gwbridge",
    })
    expect(finding?.proof).to.include('manager, worker1 masquerade it')
    expect(others).to.deep.equal([])
  })

  it('also where it is lost on an underlay that drops such addresses', async () => {
    const lost: Problem = {
      ...{ code: 'outbound-lost', kind: 'missed', path: { from: 'worker1', to: 'worker2' } },
      ...{ protocol: 'UDP', address: '192.168.56.13', port: 9 },
    }
    const [finding] = await causes(deleted(engines, 'worker1'), { 'GWB-02': [lost] })
    expect(finding).to.deep.include({ code: 'gateway-not-masqueraded', nodes: ['worker1'] })
    expect(titles(await causes(nothing, { 'GWB-02': [lost] }))).to.deep.equal([])
  })

  it('is laid to the rule that decides before, whatever it does', async () => {
    for (const [rule, observed] of [
      ['-d 192.168.56.0/24 -j RETURN', '172.18.0.4'],
      ['-s 172.18.0.0/16 -o eth1 -p udp -j ACCEPT', '172.18.0.4'],
      ['-o eth1 -j SNAT --to-source 192.168.56.99', '192.168.56.99'],
    ] as const) {
      const change = inserted('worker2', 'nat', 'POSTROUTING', rule)
      const [finding] = await causes(change, { 'GWB-02': [sent('worker2', observed)] })
      expect(finding?.title, rule).to.include(
        `nat POSTROUTING rule 1 (${rule}) decides before nat POSTROUTING rule 3 (`,
      )
      expect(finding?.remedy[0], rule).to.include(`iptables -t nat -D POSTROUTING ${rule}`)
    }
  })

  it('is laid to no rule that is for others, nor to one that speaks against what was seen', async () => {
    for (const [rule, observed] of [
      ['-o eth0 -j ACCEPT', '172.18.0.4'],
      ['-s 172.17.0.0/16 -j RETURN', '172.18.0.4'],
      ['-p tcp -j ACCEPT', '172.18.0.4'],
      ['-o eth1 -j SNAT --to-source 192.168.56.99', '172.18.0.4'],
      ['-d 192.168.56.0/24 -j RETURN', '192.168.56.99'],
    ] as const) {
      const change = inserted('worker2', 'nat', 'POSTROUTING', rule)
      const found = await causes(change, { 'GWB-02': [sent('worker2', observed)] })
      expect(titles(found), rule).to.deep.equal([])
    }
  })

  it('is none where the rule is there, another does the same, or the rules may be elsewhere', async () => {
    expect(titles(await causes(nothing, { 'GWB-02': own }))).to.deep.equal([])
    const replaced = allOf(
      deleted(engines, 'worker2'),
      inserted('worker2', 'nat', 'POSTROUTING', '-o eth+ -j MASQUERADE'),
    )
    expect(titles(await causes(replaced, { 'GWB-02': own }))).to.deep.equal([])
    const split = allOf(deleted(/^nat .*(DOCKER|docker)/, 'worker2'), (state) => {
      state.firewallBackend = { ...state.firewallBackend, legacyTables: ['nat'] }
    })
    expect(titles(await causes(split, { 'GWB-02': own }))).to.deep.equal([])
    const unread = allOf(deleted(engines, 'worker2'), (state) => {
      state.unavailable = [{ what: 'firewall', tool: 'iptables-save', package: '' }]
    })
    expect(titles(await causes(unread, { 'GWB-02': own }))).to.deep.equal([])
  })

  it('is found in rules of an engine with nftables as well', async () => {
    expect(titles(await causes(ofNftables('worker2'), { 'GWB-02': own }))).to.deep.equal([])
    const without = ofNftables('worker2', (text) =>
      text.replaceAll('{"masquerade": null}', '{"return": null}'),
    )
    const [finding] = await causes(without, { 'GWB-02': own })
    expect(finding?.title).to.match(/: no rule masquerades what leaves docker_gwbridge$/)
  })

  it('is laid to the missing rule where another leaves packets alone besides', async () => {
    const change = allOf(
      deleted(engines, 'worker2'),
      inserted('worker2', 'nat', 'POSTROUTING', '-d 192.168.56.0/24 -j RETURN'),
    )
    const [finding] = await causes(change, { 'GWB-02': own })
    expect(finding?.title).to.match(/: no rule masquerades what leaves docker_gwbridge$/)
  })

  const kube = allOf(
    inserted('worker2', 'nat', 'POSTROUTING', '-j KUBE-POSTROUTING'),
    inserted('worker2', 'nat', 'KUBE-POSTROUTING', '-j MASQUERADE --random-fully'),
    inserted('worker2', 'nat', 'KUBE-POSTROUTING', '-m mark ! --mark 0x4000/0x4000 -j RETURN'),
  )
  const calico = inserted('worker2', 'nat', 'POSTROUTING', '-m set --match-set cali40masq src -j MASQUERADE')

  for (const [whose, others] of Object.entries({ Kubernetes: kube, Calico: calico }))
    it(`is laid to the missing rule although one of ${whose} masquerades packets of its own`, async () => {
      const gone = allOf(deleted(engines, 'worker2'), others)
      const [finding] = await causes(gone, { 'GWB-02': own })
      expect(finding?.title).to.match(/: no rule masquerades what leaves docker_gwbridge$/)
      const lost: Problem = { ...sent('worker2', ''), code: 'outbound-lost', kind: 'missed' }
      const causesOfLoss = (change: ChangeKernel) => titles(causesWhere({ 'GWB-02': [lost] }, change))
      expect(causesOfLoss(gone)).to.have.lengthOf(1)
      expect(causesOfLoss(allOf(gone, meanwhile(counting)))).to.deep.equal([])
      expect(causesOfLoss(others)).to.deep.equal([])
    })

  it('is laid to a rule before that nobody can read, where the one behind it would have met it', async () => {
    const rule = '-m set --match-set nomasq dst -j RETURN'
    const change = inserted('worker2', 'nat', 'POSTROUTING', rule)
    const [finding] = await causes(change, { 'GWB-02': own })
    expect(finding?.title).to.include(
      `nat POSTROUTING rule 1 (${rule}) decides before nat POSTROUTING rule 3 (`,
    )
  })

  it('says so where no node masquerades', async () => {
    const [finding] = await causes(deleted(engines), { 'GWB-02': own })
    expect(finding?.cause).to.match(/^No node masquerades it: /)
  })
})

describe('containers that reach their neighbours over docker_gwbridge', () => {
  const answered: Problem = {
    ...{ code: 'answered-over-gateway-bridge', kind: 'seen', node: 'worker2', address: '172.18.0.4' },
    ...{ protocol: 'ICMP', observed: 'answered', ends: { from: 'swp-web@worker2', to: 'swp-rr@worker2' } },
  }
  const reports = { 'GWB-03': [answered] }
  const engines = /^filter FORWARD -i docker_gwbridge -o docker_gwbridge -j DROP$/

  it('are laid to the rule that accepts before the engine’s, in whatever chain', async () => {
    for (const [chain, rule] of [
      ['FORWARD', '-i docker_gwbridge -o docker_gwbridge -j ACCEPT'],
      ['DOCKER-USER', '-i docker_gwbridge -j ACCEPT'],
      ['FORWARD', '-s 172.16.0.0/12 -d 172.16.0.0/12 -j ACCEPT'],
    ] as const) {
      const [finding, ...others] = await causes(inserted('worker2', 'filter', chain, rule), reports)
      const late = chain === 'FORWARD' ? 12 : 11
      expect(finding, rule).to.deep.include({
        ...{ code: 'neighbours-not-kept-apart', nodes: ['worker2'], explains: ['GWB-03'] },
        title: `Containers on worker2 reach each other over docker_gwbridge: filter ${chain} rule 1 (${rule}) accepts it before filter FORWARD rule ${late} (-i docker_gwbridge -o docker_gwbridge -j DROP) is asked`,
      })
      expect(others).to.deep.equal([])
    }
  })

  it('are laid to the rule that is missing, or to bridges that are not filtered', async () => {
    const [missing] = await causes(deleted(engines, 'worker2'), reports)
    expect(missing?.title).to.match(/: no rule drops what goes from docker_gwbridge to docker_gwbridge$/)
    expect(missing?.proof).to.include('manager, worker1 have one')
    const [unfiltered] = await causes((state, node) => {
      if (node === 'worker2')
        state.root.settings = { ...state.root.settings, 'net.bridge.bridge-nf-call-iptables': '0' }
    }, reports)
    expect(unfiltered?.title).to.match(/: net\.bridge\.bridge-nf-call-iptables is 0 there$/)
    expect(unfiltered?.nodes).to.deep.equal(['worker2'])
  })

  it('are no finding of their own where hairpins break by the same setting', async () => {
    const hairpin: Problem = {
      ...{
        code: 'own-node-not-answering-task',
        kind: 'missed',
        node: 'worker2',
        protocol: 'TCP',
        port: 8080,
      },
      ...{ address: '192.168.56.13', ends: { from: 'swp-rr@worker2', to: 'worker2' }, observed: 'timeout' },
    }
    const found = await causes(
      (state, node) => {
        if (node === 'worker2')
          state.root.settings = { ...state.root.settings, 'net.bridge.bridge-nf-call-iptables': '0' }
      },
      { ...reports, 'ING-13': [hairpin] },
    )
    expect(found.map(({ code, explains }) => [code, explains])).to.deep.equal([
      ['hairpin-broken', ['ING-13', 'GWB-03']],
    ])
  })

  it('are found in rules of an engine with nftables as well, which a table of its own does not open', async () => {
    const chain = '{"family": "inet", "table": "own", "chain": "fwd"'
    const own = (verdict: string): string =>
      `{"chain": {"family": "inet", "table": "own", "name": "fwd", "handle": 1, "type": "filter", "hook": "forward", "prio": -10, "policy": "accept"}}, {"rule": ${chain}, "handle": 2, "expr": [{"${verdict}": null}]}}, `
    const first = '{"rule": {"family": "ip", "table": "docker-bridges", "chain": "filter-FORWARD"'
    const before = (rule: string) => ofNftables('worker2', (text) => text.replace(first, `${rule}${first}`))
    const accepting = `${first}, "handle": 99, "expr": [{"accept": null}]}}, `
    expect(titles(await causes(before(own('accept')), reports))).to.deep.equal([])
    const [finding] = await causes(before(accepting), reports)
    expect(finding?.title).to.include('ip docker-bridges filter-FORWARD rule 1 (accept) accepts it before')
  })

  it('are laid to no rule of the engine for published ports, nor to what lets others ports in', () => {
    const asked = { ...answered, protocol: 'TCP', port: 80 }
    const whitelist = meanwhile(
      inserted('worker2', 'filter', 'DOCKER-USER', '-p tcp -m tcp --dport 443 -j ACCEPT', 40),
    )
    for (const change of [published, whitelist])
      expect(titles(causesWhere({ 'GWB-03': [answered, asked] }, change))).to.deep.equal([])
    const stored = { ...answered, protocol: 'TCP' }
    expect(titles(causesWhere({ 'GWB-03': [stored] }, published))).to.deep.equal([])
  })

  it('are not said to be let in for sure by what cannot be read, which is not to be deleted either', () => {
    for (const rule of [
      '-m physdev --physdev-is-bridged -j ACCEPT',
      '-m mark --mark 0x10000/0x10000 -j ACCEPT',
    ]) {
      const change = meanwhile(inserted('worker2', 'filter', 'FORWARD', rule, 40))
      const [finding] = causesWhere(reports, change)
      expect(finding?.title).to.include(`filter FORWARD rule 1 (${rule}) may accept it before`)
      expect(finding?.remedy.join()).to.not.include('-D FORWARD')
    }
  })

  it('are laid to no rule that is for others, or stands behind', async () => {
    for (const [chain, rule] of [
      ['FORWARD', '-i docker0 -o docker0 -j ACCEPT'],
      ['FORWARD', '-i eth1 -o docker_gwbridge -j ACCEPT'],
      ['FORWARD', '-o docker_gwbridge -p tcp -j ACCEPT'],
      [
        'DOCKER-USER',
        '-i docker_gwbridge -o docker_gwbridge -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ],
      ['DOCKER-USER', '-i docker_gwbridge -o docker_gwbridge -m conntrack --ctstate DNAT -j ACCEPT'],
    ] as const)
      expect(titles(await causes(inserted('worker2', 'filter', chain, rule), reports)), rule).to.deep.equal(
        [],
      )
    expect(titles(await causes(nothing, reports))).to.deep.equal([])
  })
})

describe('containers that reach those of another node over docker_gwbridge', () => {
  const answered: Problem = {
    ...{ code: 'gateway-bridges-joined', kind: 'seen', address: '172.18.0.9', protocol: 'TCP' },
    path: { from: 'worker1', to: 'worker2' },
    ends: { from: 'swp-web@worker1', to: 'swp-rr@worker2' },
  }
  const reports = { 'GWB-03': [answered] }
  const letIn = inserted('worker2', 'filter', 'FORWARD', '-d 172.18.0.9/32 -o docker_gwbridge -j ACCEPT')
  const routed =
    (destination: string, node = 'worker1'): ChangeKernel =>
    ({ root }, name) => {
      if (name === node)
        root.routes = [...root.routes, { destination, device: 'eth1', gateway: '192.168.56.13' }]
    }

  it('are laid to the route of the one and the rule of the other', async () => {
    for (const destination of ['172.18.0.9/32', '172.18.0.8/30']) {
      const [finding, ...others] = await causes(allOf(routed(destination), letIn), reports)
      expect(finding).to.deep.include({
        ...{ code: 'gateway-bridges-not-apart', nodes: ['worker1', 'worker2'], explains: ['GWB-03'] },
        pairs: [{ from: 'worker1', to: 'worker2' }],
        title: `Containers on worker1 reach those on worker2 over docker_gwbridge: worker1 routes ${destination} via 192.168.56.13 dev eth1, and filter FORWARD rule 1 (-d 172.18.0.9/32 -o docker_gwbridge -j ACCEPT) of worker2 lets it in`,
      })
      expect(others).to.deep.equal([])
    }
  })

  it('are laid to the route and the policy where no rule is needed, and to the rule where something else routes', async () => {
    const [byPolicy] = await causes(routed('172.18.0.9/32'), reports)
    expect(byPolicy?.title).to.match(
      /: worker1 routes .*, and the policy of filter FORWARD of worker2 lets it in$/,
    )
    const [byRule] = await causes(letIn, reports)
    expect(byRule?.title).to.match(/docker_gwbridge: filter FORWARD rule 1 \(.*\) of worker2 lets it in$/)
  })

  it('are laid to what lets in all of it, and to no rule of the engine for published ports', () => {
    const appended: ChangeKernel = ({ root }, name, reading) => {
      const rule = '-i eth1 -o docker_gwbridge -j ACCEPT'
      const counted = { packets: reading === 'kernel-after' ? 4 : 0, bytes: 0 }
      if (name === 'worker2')
        root.firewall.push({ table: 'filter', chain: 'FORWARD', position: 99, rule, ...counted })
    }
    const [byRule] = causesWhere(reports, allOf(published, routed('172.18.0.9/32'), appended))
    expect(byRule?.title).to.match(/, and filter FORWARD rule 99 \(.*\) of worker2 lets it in$/)
    const [byPolicy] = causesWhere(reports, allOf(published, routed('172.18.0.9/32')))
    expect(byPolicy?.title).to.match(/, and the policy of filter FORWARD of worker2 lets it in$/)
    expect(titles(causesWhere(reports, published))).to.deep.equal([])
  })

  it('are laid to no half of the world that a VPN leads to itself', async () => {
    const vpn: ChangeKernel = ({ root }, name) => {
      if (name !== 'worker1') return
      root.routes = root.routes.filter(({ device }) => device !== 'docker_gwbridge')
      root.routes.push({ destination: '128.0.0.0/1', device: 'tun0', gateway: '10.8.0.1' })
    }
    expect(titles(await causes(vpn, reports))).to.deep.equal([])
  })

  it('are laid to no route of others, nor to one that the node’s own bridge takes', async () => {
    for (const change of [
      nothing,
      routed('172.18.0.9/32', 'manager'),
      routed('172.18.0.10/32'),
      routed('172.16.0.0/12'),
    ])
      expect(titles(await causes(change, reports))).to.deep.equal([])
  })
})
