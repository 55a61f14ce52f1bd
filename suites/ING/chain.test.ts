import { expect } from 'chai'
import type { Problem } from '../../lib/observation/problem.ts'
import type { FirewallRule, Link, NamespaceState } from '../../lib/observe/host-state.ts'
import { parseFirewall, parsePolicies } from '../../lib/observe/firewall.ts'
import { parseNftables } from '../../lib/observe/nftables.ts'
import { recorded } from '../../lib/observe/recorded/recorded.fake.ts'
import { followChain } from './chain.ts'
import { of298 } from './rules-of-298.fake.ts'

const rule = (table: string, chain: string, position: number, text: string): FirewallRule => ({
  table,
  chain,
  position,
  rule: text,
  packets: 0,
  bytes: 0,
})
const link = (name: string, address: string, prefixLength: number): Link => ({
  name,
  index: 1,
  kind: 'bridge',
  mtuBytes: 1500,
  mac: '02:42:ac:12:00:02',
  up: true,
  addresses: [{ address, prefixLength, family: 'inet' }],
})
const empty: NamespaceState = {
  inode: '',
  links: [],
  routes: [],
  neighbours: [],
  fdb: [],
  ipvs: [],
  firewall: [],
}
const jump = rule('nat', 'PREROUTING', 1, '-m addrtype --dst-type LOCAL -j DOCKER-INGRESS')
const own = rule('nat', 'OUTPUT', 1, '-m addrtype --dst-type LOCAL -j DOCKER-INGRESS')
const forward = rule('filter', 'FORWARD', 2, '-j DOCKER-INGRESS')
const dnat = rule(
  'nat',
  'DOCKER-INGRESS',
  1,
  '-p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080',
)
const back = rule('nat', 'DOCKER-INGRESS', 2, '-j RETURN')
const masquerade = rule(
  'nat',
  'POSTROUTING',
  1,
  '-o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE',
)
const accept = rule('filter', 'DOCKER-INGRESS', 1, '-p tcp -m tcp --dport 8080 -j ACCEPT')
const root = {
  ...empty,
  links: [link('eth1', '192.168.56.12', 24), link('docker_gwbridge', '172.18.0.1', 16)],
  firewall: [jump, own, forward, accept, dnat, back, masquerade],
  policies: [{ table: 'filter', chain: 'FORWARD', policy: 'DROP', packets: 0 }],
}
const sandbox = {
  ...empty,
  links: [link('eth0', '10.0.0.2', 24), link('eth1', '172.18.0.2', 16)],
  firewall: [
    rule('mangle', 'PREROUTING', 1, '-p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x105/0xffffffff'),
  ],
  ipvs: [
    {
      firewallMark: 0x105,
      scheduler: 'rr',
      destinations: [{ address: '10.0.0.9', weight: 1, forwarding: 'Masq' }],
    },
  ],
}
const port = { protocol: 'tcp' as const, publishedPort: 8080, targetPort: 80, mode: 'ingress' as const }
const backends = [{ name: 'web on b', address: '10.0.0.9' }]
const place = { node: 'worker1', service: 'swp-web', network: 'ingress' }
const follow = (changedRoot: Partial<typeof root> = {}, changedSandbox: Partial<typeof sandbox> = {}) =>
  followChain(
    { root: { ...root, ...changedRoot }, sandbox: { ...sandbox, ...changedSandbox } },
    ...([port, backends, place] as const),
  )
const problems = (...changes: Parameters<typeof follow>): readonly Problem[] => follow(...changes).problems
const unmarked = (subject: string) => ({ node: 'worker1', kind: 'missed', subject })
const ofPort = { ...place, protocol: 'TCP', port: 8080 }
const notReached = (subject: string) => ({
  ...{ ...ofPort, code: 'ingress-chain-not-reached', kind: 'missed', subject },
})
const notForwarded = {
  ...{ ...ofPort, code: 'published-port-not-forwarded', kind: 'missed' },
  subject: 'the policy of filter FORWARD',
}
const notMasqueraded = { ...unmarked('nat POSTROUTING'), code: 'own-traffic-not-masqueraded' }
const notTranslated = {
  ...{ ...ofPort, code: 'port-not-translated', kind: 'missed', subject: 'nat' },
}

describe('chain of a published port', () => {
  it('is followed from the node to the tasks', () => {
    expect(follow()).to.deep.equal({
      ...{ sandbox: '172.18.0.2', destination: '172.18.0.2:8080', mark: 0x105, problems: [] },
    })
  })

  it('is followed to what a balancer of nftables chooses from, where IPVS is not used', () => {
    const text = recorded('nft-balancer', 'ingress-sandbox.json')
    const of = (listed: string) =>
      followChain(
        { root, sandbox: { ...sandbox, firewall: [], ipvs: [], nftables: parseNftables(listed) } },
        ...([
          port,
          [20, 21].map((last) => ({ name: `web ${last}`, address: `10.0.0.${last}` })),
          place,
        ] as const),
      ).problems.map(({ code, subject }) => [code, subject])
    expect(of(text)).to.deep.equal([])
    expect(of(text.replaceAll('"10.0.0.21"', '"10.0.0.22"'))).to.deep.equal([
      ['balancer-lacks-task', 'web 21'],
      ['balancer-lists-stranger', 'nftables of ingress_sbox'],
    ])
    expect(of(text.replaceAll('"tcp", 8080', '"tcp", 8081'))).to.deep.equal([
      ['balancer-not-set-up', 'nftables of ingress_sbox'],
    ])
    expect(of(text.replaceAll('@nat-publish-port', '@another'))).to.deep.equal([])
  })

  it('breaks without the jumps, at the chain that lacks one', () => {
    expect(problems({ firewall: [accept, dnat, back] })).to.deep.equal([
      ...['nat PREROUTING', 'nat OUTPUT'].map(notReached),
      notForwarded,
    ])
    expect(problems({ firewall: [jump, forward, accept, dnat, back] })).to.deep.equal([
      notReached('nat OUTPUT'),
    ])
  })

  it('breaks without the rule for what the host itself sends, and with its negation alone', () => {
    const outward = rule('nat', 'POSTROUTING', 1, '-s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE')
    const without = problems({ firewall: [jump, own, forward, accept, dnat, back, outward] })
    expect(without).to.deep.equal([notMasqueraded])
  })

  it('breaks without the DNAT rule, with that of the other protocol alone, or with RETURN before it', () => {
    const udp = { ...dnat, rule: dnat.rule.replaceAll('tcp', 'udp') }
    const before = [jump, own, forward, accept, masquerade]
    for (const rules of [[back], [udp, back]])
      expect(problems({ firewall: [...before, ...rules] })).to.deep.equal([notTranslated])
    expect(problems({ firewall: [...before, back, dnat] })).to.deep.equal(
      ['nat PREROUTING', 'nat OUTPUT'].map(notReached),
    )
  })

  it('may lead on through another chain, but not in circles; a rule that drops before is named', () => {
    const by = rule('filter', 'FORWARD', 2, '-j DOCKER-FORWARD')
    const on = rule('filter', 'DOCKER-FORWARD', 1, '-j DOCKER-INGRESS')
    const others = [jump, own, accept, dnat, back, masquerade]
    expect(problems({ firewall: [...others, by, on] })).to.deep.equal([])
    const round = rule('filter', 'DOCKER-FORWARD', 1, '-j FORWARD')
    expect(problems({ firewall: [...others, by, round] })).to.deep.equal([notForwarded])
    const drop = rule('filter', 'FORWARD', 1, '-p tcp -m conntrack --ctstate NEW -j DROP')
    expect(problems({ firewall: [drop, ...others, forward] })).to.deep.equal([
      { ...notForwarded, subject: 'filter FORWARD rule 1' },
    ])
    const some = rule('filter', 'FORWARD', 1, '-s 192.0.2.0/24 -j DROP')
    expect(problems({ firewall: [some, ...others, forward] })).to.deep.equal([])
  })

  it('breaks when the DNAT leads elsewhere', () => {
    const links = [link('eth0', '10.0.0.2', 24), link('eth1', '172.18.0.7', 16)]
    expect(problems({}, { links })).to.deep.equal([
      {
        ...{ ...ofPort, code: 'port-translated-elsewhere', kind: 'seen', subject: 'nat DOCKER-INGRESS' },
        ...{ expected: '172.18.0.7:8080', observed: '172.18.0.2:8080' },
      },
    ])
  })

  it('breaks when the sandbox is not on the bridge', () => {
    expect(problems({}, { links: [link('eth0', '10.0.0.2', 24)] })).to.deep.equal([
      { ...unmarked('docker_gwbridge'), code: 'ingress-sandbox-not-on-bridge' },
    ])
  })

  it('breaks without the mark, the IPVS service or a task, on the node that lacks it', () => {
    const missed = { ...ofPort, kind: 'missed' }
    expect(problems({}, { firewall: [] })).to.deep.equal([
      { ...missed, code: 'port-not-marked', subject: 'mangle PREROUTING of ingress_sbox' },
    ])
    expect(problems({}, { ipvs: [] })).to.deep.equal([
      { ...missed, code: 'balancer-lacks-service', subject: 'IPVS of ingress_sbox' },
    ])
    const ipvs = sandbox.ipvs.map((service) => ({ ...service, destinations: [] }))
    expect(problems({}, { ipvs })).to.deep.equal([
      { ...missed, code: 'balancer-lacks-task', address: '10.0.0.9', subject: 'web on b' },
    ])
  })

  it('breaks without a sandbox', () => {
    expect(followChain({ root, sandbox: undefined }, port, backends, place).problems).to.deep.equal([
      { ...unmarked('ingress_sbox'), code: 'ingress-sandbox-missing' },
    ])
  })
})

describe('chain of a published port, of engines by what they set up', () => {
  const tablesOf = (lines: readonly string[], more: Partial<NamespaceState> = {}) => ({
    root: { ...root, firewall: parseFirewall(lines), policies: parsePolicies(lines), ...more },
    sandbox,
  })
  const found = (lines: readonly string[], more: Partial<NamespaceState> = {}): readonly Problem[] =>
    followChain(tablesOf(lines, more), port, backends, place).problems
  const without = (lines: readonly string[], text: string): string[] =>
    lines.filter((line) => !line.includes(text))
  const dead = (address: string) => [
    `[0:0] -A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination ${address}:8080`,
    '[0:0] -A DOCKER-INGRESS -j RETURN',
  ]
  const jumps = ['PREROUTING', 'OUTPUT'].map(
    (name) => `[0:0] -A ${name} -m addrtype --dst-type LOCAL -j DOCKER-INGRESS`,
  )

  it('29.7 with iptables, as recorded', () => {
    const lines = recorded('engine-29.7-iptables', 'iptables-save.txt').split('\n')
    expect(found(lines)).to.deep.equal([])
    expect(
      found(without(lines, '-A DOCKER-FORWARD -j DOCKER-INGRESS')).map(({ code, subject }) => [
        code,
        subject,
      ]),
    ).to.deep.equal([['published-port-not-forwarded', 'filter DOCKER rule 2']])
    expect(found(without(lines, '--src-type LOCAL'))).to.deep.equal([notMasqueraded])
  })

  it('29.7 with iptables, behind a policy of one table, whatever another accepts before', () => {
    const text = recorded('engine-29.7-iptables', 'iptables-save.txt')
    const [mangle = '', filter = ''] = text.split('*filter')
    const accepting = `*mangle\n[0:0] -A FORWARD -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n*filter`
    const dropping = filter.replace(':FORWARD ACCEPT', ':FORWARD DROP')
    const lines = `${mangle}${accepting}${dropping}`.split('\n')
    expect(found(lines)).to.deep.equal([])
    expect(found(without(lines, '-A FORWARD -j DOCKER-FORWARD'))).to.deep.equal([notForwarded])
  })

  it('29.7 with iptables, where rules before may lead some packets elsewhere', () => {
    const lines = recorded('engine-29.7-iptables', 'iptables-save.txt').split('\n')
    const before = (match: string): string[] =>
      lines.flatMap((line) =>
        /-A PREROUTING .* -j DOCKER-INGRESS/.test(line)
          ? [
              `[0:0] -A PREROUTING ${match} -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.9:80`,
              line,
            ]
          : [line],
      )
    const bridge = [
      ...[...root.links, link('vmbr0', '192.0.2.2', 24)],
      { ...link('eth0', '', 0), kind: '', master: 'vmbr0', addresses: [] },
    ]
    expect(found(before('-m set --match-set staff src'))).to.deep.equal([])
    // The host is reached by it: packets that come from elsewhere are some.
    expect(found(before('! -i vmbr0'), { links: bridge })).to.deep.equal([])
    expect(found(before('! -i docker_gwbridge'), { links: bridge })).to.have.lengthOf(1)
  })

  it('29.7 with nftables, as recorded: no rule leads the port on', () => {
    const lines = recorded('engine-29.7-nftables', 'iptables-save.txt').split('\n')
    const nftables = parseNftables(recorded('engine-29.7-nftables', 'nft.json'))
    const tables = tablesOf(lines, { nftables })
    const inside = { ...sandbox, firewall: [], ipvs: [] }
    expect(
      followChain({ ...tables, sandbox: inside }, port, backends, place).problems.map(({ code, subject }) => [
        code,
        subject,
      ]),
    ).to.deep.equal([
      ['port-not-translated', 'nat'],
      ['published-port-not-forwarded', 'ip docker-bridges filter-forward-in__docker_gwbridge rule 3'],
      ['port-not-marked', 'mangle PREROUTING of ingress_sbox'],
    ])
  })

  it('29.8, written from the facts: by the chains of bridges, without masquerading', () => {
    expect(found(of298())).to.deep.equal([])
    expect(found(without(of298(), '-j DNAT'))).to.deep.equal([notTranslated])
    expect(found(without(of298(), '-A OUTPUT'))).to.deep.equal([notReached('nat OUTPUT')])
    expect(found(without(of298(), '-A DOCKER -d 172.18.0.2/32'))).to.deep.equal([
      { ...notForwarded, subject: 'filter DOCKER rule 1' },
    ])
  })

  it('29.8 after an upgrade: a dead chain satisfies nothing and harms nothing, one that is still asked decides', () => {
    expect(found(of298(dead('172.18.0.9')))).to.deep.equal([])
    expect(found(without(of298(dead('172.18.0.2')), '-A DOCKER ! -i'))).to.deep.include(
      notReached('nat PREROUTING'),
    )
    expect(found(of298(dead('172.18.0.9'), jumps)).map(({ code, subject }) => [code, subject])).to.deep.equal(
      [
        ['port-translated-elsewhere', 'nat DOCKER-INGRESS'],
        ['own-traffic-not-masqueraded', 'nat POSTROUTING'],
      ],
    )
    // Without a rule for the port it returns, and the chain behind it is asked.
    expect(found(of298(dead('172.18.0.9').slice(1), jumps))).to.deep.equal([])
  })

  it('with the rules of bridges in nftables', () => {
    const expr = (...parts: object[]) => parts
    const match = (left: object, right: unknown, op = '==') => ({ match: { left, right, op } })
    const meta = (key: string) => ({ meta: { key } })
    const payload = (protocol: string, field: string) => ({ payload: { protocol, field } })
    const local = match({ fib: { result: 'type', flags: ['daddr'] } }, 'local')
    const chainOf = (name: string, more: object = {}) => ({
      chain: { family: 'ip', table: 'docker-bridges', name, ...more },
    })
    const ruleOf = (name: string, ...parts: object[]) => ({
      rule: { family: 'ip', table: 'docker-bridges', chain: name, handle: 1, expr: expr(...parts) },
    })
    const nat = (hook: string) => ({ type: 'nat', hook, prio: -100, policy: 'accept' })
    const nftables = parseNftables(
      JSON.stringify({
        nftables: [
          ...[
            chainOf('pre', nat('prerouting')),
            chainOf('out', nat('output')),
            chainOf('ports'),
            chainOf('gw'),
          ],
          chainOf('fwd', { type: 'filter', hook: 'forward', prio: 0, policy: 'accept' }),
          ruleOf('pre', local, { jump: { target: 'ports' } }),
          ruleOf(
            'out',
            match(payload('ip', 'daddr'), { prefix: { addr: '127.0.0.0', len: 8 } }, '!='),
            local,
            {
              jump: { target: 'ports' },
            },
          ),
          ruleOf(
            'ports',
            ...[match(meta('iifname'), 'docker_gwbridge', '!='), match(payload('tcp', 'dport'), 8080)],
            { dnat: { addr: '172.18.0.2', port: 8080 } },
          ),
          ruleOf('fwd', {
            vmap: { key: meta('oifname'), data: { set: [['docker_gwbridge', { jump: { target: 'gw' } }]] } },
          }),
          ruleOf('gw', match(payload('ip', 'daddr'), '172.18.0.2'), match(payload('tcp', 'dport'), 8080), {
            accept: null,
          }),
          ruleOf('gw', { drop: null }),
        ],
      }),
    )
    expect(found([], { nftables, policies: [] })).to.deep.equal([])
    expect(
      found([], { nftables: nftables.filter(({ chain }) => chain !== 'ports'), policies: [] }),
    ).to.deep.equal([notTranslated])
  })
})
