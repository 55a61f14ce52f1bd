import { expect } from 'chai'
import type { Finding } from '../lib/observation/finding.ts'
import type { Problem } from '../lib/observation/problem.ts'
import type { SecurityPolicy } from '../lib/observe/host-state.ts'
import { allOf, deleted, inserted, ofNftables } from './changed-firewall.fake.ts'
import { causesWhere } from './stored/causes-where.fake.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'

const node = 'worker2'
const network = 'swp-secret'
const vni = 4098

const reached: Problem = {
  ...{ code: 'injected-frame-reached', kind: 'seen', node, network, service: 'swp-vault' },
  ...{ observed: 5, expected: 5 },
}
const notCounting: Problem = {
  ...{ code: 'drop-rule-not-counting', kind: 'missed', node, network, observed: 0, expected: 5 },
}
const dropMissing: Problem = { code: 'drop-rule-missing', kind: 'missed', node, network, expected: vni }
const shadowedBy = (rule: string): Problem => ({
  ...{ code: 'enforcement-shadowed', kind: 'seen', node, network, expected: 2 },
  subject: `filter INPUT rule 1 ("${rule}")`,
})
const accept = '-p udp -m udp --dport 4789 -j ACCEPT'
const engines = /^filter INPUT .*--pol none .*-j DROP$/
const marks = /^mangle OUTPUT .*-j MARK /

const titles = (found: readonly Finding[]): string[] => found.map(({ code, title }) => `${code}: ${title}`)
/** As though it had been put there while the run went on. */
const later =
  (change: ChangeKernel): ChangeKernel =>
  (state, name, reading) => {
    if (reading === 'kernel-after') change(state, name, reading)
  }

describe('clear text that a node lets in', () => {
  it('is laid to the rule that is missing, with the nodes that have it and the one that marks', () => {
    const [finding, ...others] = causesWhere(
      { 'ENC-05': [reached, notCounting], 'ENC-07': [dropMissing] },
      deleted(engines, node),
    )
    expect(finding).to.deep.include({
      ...{ code: 'clear-text-let-in', nodes: [node], networks: [network], explains: ['ENC-05', 'ENC-07'] },
      title:
        'worker2 lets in clear text of the encrypted overlay swp-secret: no rule of its firewall drops it',
    })
    expect(finding?.proof).to.deep.equal([
      'worker2: no rule drops UDP 4789 with VNI 4098 that did not come by IPsec',
      'worker2: mangle OUTPUT rule 1 marks what leaves with VNI 4098 for encryption',
      'manager, worker1 have one',
      '5 of 5 frames in clear reached swp-vault on worker2 by swp-secret',
    ])
    expect(others).to.deep.equal([])
  })

  it('is laid to the rule that lets it pass before, wherever it stands, with what it counted', () => {
    const reports = { 'ENC-05': [reached], 'ENC-07': [shadowedBy(accept)] }
    const [finding, ...others] = causesWhere(reports, later(inserted(node, 'filter', 'INPUT', accept, 1334)))
    expect(finding).to.deep.include({
      ...{ code: 'clear-text-let-in', nodes: [node], explains: ['ENC-05', 'ENC-07'] },
      title: `worker2 lets in clear text of the encrypted overlay swp-secret: filter INPUT rule 1 (${accept}) lets it pass before the engine's drop rule is asked`,
    })
    expect(finding?.remedy[0]).to.include(`\`iptables -t filter -D INPUT ${accept}\``)
    expect(finding?.proof[0]).to.match(/, 1334 packets while the requirements were verified$/)
    expect(others).to.deep.equal([])
    const admin = allOf(
      inserted(node, 'filter', 'INPUT', '-j admin'),
      inserted(node, 'filter', 'admin', '-s 192.168.56.0/24 -p udp -j ACCEPT', 5),
    )
    const [byChain] = causesWhere({ 'ENC-05': [reached] }, later(admin))
    expect(byChain?.title).to.match(/filter admin rule 1 \(.*\) may let it pass before/)
    expect(byChain?.proof[0]).to.match(/, via filter INPUT rule 1, 5 packets/)
  })

  it('is laid to no rule that counted nothing, is for others, stands behind, or is the only one that was looked for', () => {
    for (const change of [
      () => {},
      later(inserted(node, 'filter', 'INPUT', accept, 0)),
      inserted('worker1', 'filter', 'INPUT', accept),
      later(inserted(node, 'filter', 'INPUT', '-p udp -m udp --dport 7946 -j ACCEPT')),
      later(inserted(node, 'filter', 'FORWARD', '-p udp -j ACCEPT')),
    ] satisfies ChangeKernel[])
      expect(titles(causesWhere({ 'ENC-05': [reached] }, change))).to.deep.equal([])
    const split = allOf(
      deleted(engines, node),
      deleted(marks, node),
      deleted(/^filter .*(DOCKER|docker)/, node),
      (state) => {
        state.firewallBackend = { ...state.firewallBackend, legacyTables: ['filter'] }
      },
    )
    expect(titles(causesWhere({ 'ENC-07': [dropMissing] }, split))).to.deep.equal([])
  })

  it('is laid to no rule of another interface than what was sent came by, nor to one for answers', () => {
    for (const rule of ['-i tailscale0 -j ACCEPT', '-i lxdbr0 -p udp -j ACCEPT', '-d 10.8.0.1/32 -j ACCEPT'])
      expect(
        titles(causesWhere({ 'ENC-05': [reached] }, later(inserted(node, 'filter', 'INPUT', rule, 1334)))),
        rule,
      ).to.deep.equal([])
    const answers = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
    const reports = { 'ENC-05': [reached], 'ENC-07': [shadowedBy(answers)] }
    expect(
      titles(causesWhere(reports, later(inserted(node, 'filter', 'INPUT', answers, 1334)))),
    ).to.deep.equal([])
  })

  it('by a rule that is for more than that is mended by the order, not by taking the rule away', () => {
    const some = '-i tailscale0 -j ACCEPT'
    const [finding] = causesWhere(
      { 'ENC-07': [shadowedBy(some)] },
      later(inserted(node, 'filter', 'INPUT', some, 9)),
    )
    expect(finding?.title).to.include(`filter INPUT rule 1 (${some}) may let it pass before`)
    expect(finding?.remedy[0]).to.match(
      /`iptables -t filter -D INPUT .*--pol none.*; iptables -t filter -I INPUT /,
    )
    expect(finding?.remedy.join()).to.not.include(some)
  })

  it('is found in rules of an engine with nftables as well', () => {
    const reports = { 'ENC-05': [reached], 'ENC-07': [dropMissing] }
    const drop = '{"drop": null}]}}, {"rule": {"family": "ip", "table": "docker-overlay"'
    const change = (by: string) =>
      later(ofNftables(node, (text) => text.replace(drop, drop.replace('drop', by))))
    const [missing] = causesWhere(reports, change('accept'))
    expect(missing?.title).to.match(/overlay swp-secret: no rule of its firewall drops it$/)
    expect(missing?.proof[1]).to.match(
      /^worker2: ip docker-overlay enc-out rule 1 marks what leaves with VNI 4098/,
    )
    const first = '{"rule": {"family": "ip", "table": "docker-overlay", "chain": "enc-in"'
    const accepting = `${first}, "handle": 3, "expr": [{"counter": {"packets": 5, "bytes": 0}}, {"accept": null}]}}, `
    const [passing] = causesWhere(
      reports,
      later(ofNftables(node, (text) => text.replace(first, `${accepting}${first}`))),
    )
    expect(passing?.title).to.include('ip docker-overlay enc-in rule 1 (accept) lets it pass before')
    expect(passing?.remedy[0]).to.include('`nft delete rule ip docker-overlay enc-in handle HANDLE`')
    expect(titles(causesWhere(reports, later(ofNftables(node))))).to.deep.equal([])
  })

  it('into a network made meanwhile is laid to what swallowed the rule, where the engine went on', () => {
    const made = 'swp-enc06-net'
    const of = (problem: Problem): Problem => ({ ...problem, network: made })
    const behind: Problem = { ...of(reached), code: 'injected-frame-reached-behind-accept' }
    const markMissing: Problem = { ...of(dropMissing), code: 'mark-rule-missing' }
    const reports = { 'ENC-05': [behind], 'ENC-06': [of(reached), of(dropMissing)] }
    const [finding, ...others] = causesWhere(reports)
    expect(finding).to.deep.include({
      ...{ code: 'clear-text-let-in', nodes: [node], networks: [made], explains: ['ENC-05', 'ENC-06'] },
    })
    expect(finding?.title).to.match(/swp-enc06-net, made meanwhile: its firewall has no rule that drops it/)
    expect(finding?.proof[1]).to.match(
      /^worker2: filter INPUT rule \d drops it for swp-secret, which was made before$/,
    )
    expect(others).to.deep.equal([])
    const [named] = causesWhere(reports, (state, name) => {
      if (name === node)
        state.firewallBackend = {
          ...state.firewallBackend,
          program: '/opt/guard/iptables.sh',
          backend: 'legacy',
        }
    })
    expect(named?.title).to.match(/: \/opt\/guard\/iptables\.sh, which iptables leads to there, made no rule/)
    // An engine that makes rules only with the second endpoint made neither.
    expect(titles(causesWhere({ 'ENC-06': [of(reached), markMissing, of(dropMissing)] }))).to.deep.equal([])
  })

  it('is no finding of its own where what leaves is in clear for the same reason, and one where it is another', () => {
    const leak: Problem = {
      ...{ code: 'clear-text-left', kind: 'seen', path: { from: node, to: 'manager' }, network },
      ...{ subject: String(vni), observed: 9 },
    }
    const markMissing: Problem = { ...dropMissing, code: 'mark-rule-missing' }
    const both = { 'ENC-01': [leak], 'ENC-07': [markMissing, dropMissing] }
    const neither = allOf(deleted(engines, node), deleted(marks, node))
    expect(causesWhere(both, neither).map(({ code }) => code)).to.deep.equal(['clear-text-leak'])
    const two = causesWhere({ 'ENC-01': [leak], 'ENC-07': [dropMissing] }, deleted(engines, node))
    expect(two.map(({ code }) => code)).to.deep.equal(['clear-text-leak', 'clear-text-let-in'])
  })

  it('follows from all rules of the table being gone', () => {
    const flushed: ChangeKernel = ({ root }, name, reading) => {
      if (name === node && reading === 'kernel-after')
        root.firewall = root.firewall.filter(({ table }) => table !== 'filter')
    }
    const found = causesWhere({ 'ENC-05': [reached], 'ENC-07': [dropMissing] }, flushed)
    expect(found.map(({ code }) => code)).to.deep.equal(['engine-rules-gone'])
  })
})

describe('clear overlays that a node encrypts', () => {
  const twin = (to: string): Problem => ({
    ...{ code: 'twin-not-clear', kind: 'missed', node, path: { from: node, to }, network: 'swp-clear' },
    observed: 9,
  })
  const unreadable: Problem = {
    ...{ code: 'payload-unreadable', kind: 'missed', path: { from: node, to: 'manager' } },
    network: 'swp-clear',
  }
  const reports = { 'ENC-02': [twin('manager'), twin('worker1')], 'VXL-08': [unreadable] }
  const marking = '-p udp -m udp --dport 4789 -j MARK --set-xmark 0xd0c4e3/0xffffffff'

  it('are laid to the rule that marks them, in whatever chain and by whichever program', () => {
    const [finding, ...others] = causesWhere(reports, later(inserted(node, 'mangle', 'OUTPUT', marking)))
    expect(finding).to.deep.include({
      ...{ code: 'clear-overlay-encrypted', nodes: [node], networks: ['swp-clear'] },
      ...{ explains: ['ENC-02', 'VXL-08'] },
      title: `worker2 encrypts traffic of overlays that are not encrypted: mangle OUTPUT rule 1 (${marking}) marks it for IPsec`,
    })
    expect(others).to.deep.equal([])
    const all = '-o eth1 -j MARK --set-xmark 0xd0c4e3/0xffffffff'
    const [byAll] = causesWhere(reports, later(inserted(node, 'mangle', 'OUTPUT', all)))
    expect(byAll?.title).to.include(all)
    const nft: ChangeKernel = (state, name) => {
      if (name !== node) return
      const rule = { handle: 2, verdict: '', marks: 0xd0c4e3, packets: 7 }
      const conditions = [{ left: 'udp dport', values: ['4789'] }]
      state.nftables = [
        ...(state.nftables ?? []),
        {
          ...{ family: 'inet', table: 'vpn', chain: 'out', hook: 'output', priority: -150, kind: 'route' },
          rules: [{ ...rule, conditions }],
        },
      ]
    }
    const [byNft] = causesWhere(reports, later(nft))
    expect(byNft?.title).to.include('inet vpn out rule 1 (udp dport 4789 meta mark set 0xd0c4e3)')
  })

  it('are laid to a policy that asks for no mark', () => {
    const [finding] = causesWhere(reports, (state, name) => {
      if (name === node)
        state.securityPolicies = [
          ...state.securityPolicies,
          {
            ...{ direction: 'out', source: '192.168.56.13/32', destination: '192.168.56.0/24' },
            ...{ protocol: '', spi: '0x00000001', requestId: 1 },
          },
        ]
    })
    expect(finding).to.deep.include({ code: 'clear-overlay-encrypted', nodes: [node] })
    expect(finding?.title).to.include('192.168.56.13/32 → 192.168.56.0/24 asks for no mark')
  })

  it('are laid to no policy of a XFRM interface, nor to one beside which another leaves packets in clear', () => {
    const any = { direction: 'out', source: '0.0.0.0/0', destination: '0.0.0.0/0', protocol: '' } as const
    const having =
      (...policies: readonly SecurityPolicy[]): ChangeKernel =>
      (state, name) => {
        if (name === node) state.securityPolicies = [...state.securityPolicies, ...policies]
      }
    const tunnel = { ...any, requestId: 1 }
    expect(causesWhere(reports, having(tunnel)).map(({ code }) => code)).to.deep.equal([
      'clear-overlay-encrypted',
    ])
    expect(titles(causesWhere(reports, having({ ...tunnel, interfaceId: 42 })))).to.deep.equal([])
    const bypass = { ...any, source: '192.168.56.0/24', destination: '192.168.56.0/24' }
    expect(titles(causesWhere(reports, having(tunnel, bypass)))).to.deep.equal([])
  })

  it('are laid to no rule that marks otherwise, counted nothing, is for others, or is marked over', () => {
    for (const [rule, packets] of [
      [marking.replace('0xd0c4e3', '0x1'), 7],
      [marking, 0],
      [marking.replace('4789', '4790'), 7],
      [`-d 10.0.0.0/8 ${marking}`, 7],
    ] as const)
      expect(
        titles(causesWhere(reports, later(inserted(node, 'mangle', 'OUTPUT', rule, packets)))),
        rule,
      ).to.deep.equal([])
    const overwritten = allOf(
      inserted(node, 'mangle', 'OUTPUT', '-p udp -j MARK --set-xmark 0x0/0xffffffff'),
      inserted(node, 'mangle', 'OUTPUT', marking),
    )
    expect(titles(causesWhere(reports, later(overwritten)))).to.deep.equal([])
    const withoutPolicies = allOf(inserted(node, 'mangle', 'OUTPUT', marking), (state) => {
      state.securityPolicies = []
    })
    expect(titles(causesWhere(reports, later(withoutPolicies)))).to.deep.equal([])
    expect(titles(causesWhere(reports))).to.deep.equal([])
  })
})
