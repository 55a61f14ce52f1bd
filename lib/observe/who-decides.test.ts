import { expect } from 'chai'
import { parseFirewall, parsePolicies } from './firewall.ts'
import { parseNftables } from './nftables.ts'
import { recorded } from './recorded/recorded.fake.ts'
import { type Chain, placeOfRule, type PlacedRule, type Ruleset, rulesetOf } from './ruleset.ts'
import { type AskedPacket, type Decision, whoDecides } from './who-decides.ts'

const saved = (...lines: string[]): Ruleset =>
  rulesetOf({ firewall: parseFirewall(lines), policies: parsePolicies(lines) })
const stateOf = (engine: string): Ruleset => {
  const lines = recorded(engine, 'iptables-save.txt').split('\n')
  const nftables = parseNftables(recorded(engine, 'nft.json'))
  return rulesetOf({ firewall: parseFirewall(lines), policies: parsePolicies(lines), nftables })
}
const nft = (...chains: object[]): Ruleset =>
  rulesetOf({ firewall: [], nftables: parseNftables(JSON.stringify({ nftables: chains })) })
/** A table of its own whose only rule drops what matches on its way in. */
const droppingInput = (match: object): Ruleset => {
  const [family, table, name] = ['ip', 'own', 'in']
  return nft(
    ...[{ table: { family, name: table } }],
    ...[{ chain: { ...{ family, table, name, type: 'filter', hook: 'input' }, prio: 0, policy: 'accept' } }],
    ...[{ rule: { family, table, chain: name, handle: 3, expr: [{ match }, { drop: null }] } }],
  )
}
const place = (by: Decision['by']): string =>
  by === undefined ? 'none' : isRule(by) ? placeOfRule(by) : `policy of ${by.table} ${by.name}`
const isRule = (by: PlacedRule | Chain): by is PlacedRule => 'position' in by
const said = ({ verdict, by }: Decision): string => `${verdict} by ${place(by)}`

const vxlan: AskedPacket = { protocol: 'udp', destinationPort: 4789, vni: 4097, byIpsec: false, state: 'new' }
const web: AskedPacket = { protocol: 'tcp', destinationPort: 8080, state: 'new', in: 'eth1' }

describe('who decides about a packet', () => {
  it('is the first rule that applies to all of them, or the policy', () => {
    const input = saved(
      ...[
        '*filter',
        ':INPUT DROP [5:300]',
        '[0:0] -A INPUT -i lo -j ACCEPT',
        '[2:80] -A INPUT -p udp -j more',
      ],
      ...['[0:0] -A INPUT -p tcp -m tcp --dport 8000:8100 -j ACCEPT'],
      ...['[1:40] -A more -p udp -m multiport --dports 53,4000:5000 -j ACCEPT'],
    )
    expect(said(whoDecides(input, 'input', vxlan))).to.equal('accept by filter more rule 1')
    expect(said(whoDecides(input, 'input', web))).to.equal('accept by filter INPUT rule 3')
    expect(said(whoDecides(input, 'input', { ...web, destinationPort: 22 }))).to.equal(
      'drop by policy of filter INPUT',
    )
    expect(whoDecides(input, 'input', { protocol: 'esp' }).verdict).to.equal('drop')
  })

  it('is a rule for first packets of TCP, in whichever program it is written', () => {
    // As nft 1.0.6 lists `tcp flags & (fin|syn|rst|ack) == syn drop`.
    const flags = { payload: { protocol: 'tcp', field: 'flags' } }
    const masked = { '&': [flags, ['fin', 'syn', 'rst', 'ack']] }
    const rulesets = [
      saved(
        '*filter',
        ':INPUT ACCEPT [0:0]',
        '[3:180] -A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP',
      ),
      droppingInput({ op: '==', left: masked, right: 'syn' }),
    ]
    for (const input of rulesets) {
      expect(whoDecides(input, 'input', web))
        .to.include({ verdict: 'drop' })
        .and.deep.include({ unless: [] })
      expect(whoDecides(input, 'input', { ...web, state: 'established' }).verdict).to.equal('accept')
      expect(whoDecides(input, 'input', vxlan).verdict).to.equal('accept')
    }
    const others = saved(
      '*filter',
      ':INPUT ACCEPT [0:0]',
      '[3:180] -A INPUT -p tcp -m tcp --tcp-flags SYN,RST SYN,RST -j DROP',
    )
    expect(whoDecides(others, 'input', web)).to.include({ verdict: 'accept' })
  })

  it('is a rule for packets of a size where the size is known, and for some of them where it is not', () => {
    const length = { meta: { key: 'length' } }
    const rulesets = [
      saved(
        '*filter',
        ':INPUT ACCEPT [0:0]',
        '[3:180] -A INPUT -p udp -m length --length 1300:65535 -j DROP',
      ),
      droppingInput({ op: '>', left: length, right: 1299 }),
    ]
    for (const input of rulesets) {
      expect(whoDecides(input, 'input', { ...vxlan, bytes: 1500 }).verdict).to.equal('drop')
      expect(whoDecides(input, 'input', { ...vxlan, bytes: 1299 }).asked).to.deep.equal([])
      expect(whoDecides(input, 'input', vxlan).asked.map(({ applies }) => applies)).to.deep.equal(['some'])
    }
  })

  it('is not a rule for some of them, or one that is not understood; those are named', () => {
    const input = saved(
      ...['*filter', ':INPUT ACCEPT [0:0]', '[0:0] -A INPUT -s 192.0.2.0/24 -j DROP'],
      ...['[0:0] -A INPUT -m recent --name x --rcheck -j DROP', '[0:0] -A INPUT ! -s 192.0.2.0/24 -j RETURN'],
    )
    const { verdict, unless } = whoDecides(input, 'input', vxlan)
    expect(verdict).to.equal('accept')
    expect(unless.map(({ rule, applies }) => `${rule.position} ${applies}`)).to.deep.equal([
      '1 some',
      '2 unread',
    ])
    const one = whoDecides(input, 'input', { ...vxlan, source: '192.0.2.7' })
    expect(said(one)).to.equal('drop by filter INPUT rule 1')
    expect(whoDecides(input, 'input', { ...vxlan, source: '198.51.100.7' }).unless).to.have.lengthOf(1)
  })

  it('asks chains of one hook by priority, whichever program made them; what one accepts the next may drop', () => {
    const chain = (name: string, prio: number, policy = 'accept') => ({
      chain: { family: 'inet', table: 'own', name, type: 'filter', hook: 'input', prio, policy },
    })
    const rule = (name: string, ...expr: object[]) => ({
      rule: { family: 'inet', table: 'own', chain: name, handle: 9, expr },
    })
    const port = { match: { op: '==', left: { payload: { protocol: 'udp', field: 'dport' } }, right: 4789 } }
    const both = nft(
      ...[chain('late', 10), rule('late', port, { drop: null })],
      ...[chain('early', -10), rule('early', port, { accept: null })],
    )
    expect(said(whoDecides(both, 'input', vxlan))).to.equal('drop by inet own late rule 1')
    expect(said(whoDecides(nft(chain('early', -10, 'drop')), 'input', vxlan))).to.equal(
      'drop by policy of inet own early',
    )
    const arrives = nft(chain('late', 10), rule('late', { limit: { rate: 5 } }, { drop: null }))
    expect(whoDecides(arrives, 'input', vxlan)).to.deep.include({ verdict: 'accept' })
    expect(whoDecides(arrives, 'input', vxlan).unless).to.have.lengthOf(1)
  })

  it('looks at several things together as nft does, in sets and maps, and at what a map has for all others', () => {
    const at = '"family":"inet","table":"own"'
    const ports = '{"payload":{"protocol":"th","field":"dport"}}'
    const peers = `{"concat":[{"payload":{"protocol":"ip","field":"saddr"}},${ports}]}`
    const decided = (expr: string, policy = 'accept') =>
      whoDecides(
        rulesetOf({
          firewall: [],
          nftables: parseNftables(
            `{"nftables":[{"set":{${at},"name":"known","elem":[{"concat":["10.0.0.7",4789]},{"elem":{"val":{"concat":[{"prefix":{"addr":"10.1.0.0","len":16}},{"range":[4000,5000]}]},"expires":9}}]}},` +
              `{"chain":{${at},"name":"in","handle":1,"type":"filter","hook":"input","prio":0,"policy":"${policy}"}},` +
              `{"rule":{${at},"chain":"in","handle":2,"expr":[${expr}]}}]}`,
          ),
        }),
        'input',
        { protocol: 'udp', destinationPort: 4789, source: '10.0.0.7', in: 'eth1', state: 'new' },
      )
    const among = (right: string, op = '=='): string =>
      `{"match":{"op":"${op}","left":${peers},"right":${right}}}`
    expect(decided(`${among('"@known"')},{"drop":null}`)).to.deep.include({ verdict: 'drop', unless: [] })
    expect(decided(`${among('"@known"', '!=')},{"drop":null}`)).to.deep.include({ verdict: 'accept' })
    const another = '{"set":[{"concat":["10.0.0.8",4789]},{"concat":["10.0.0.7",53]}]}'
    expect(decided(`${among(another)},{"accept":null}`, 'drop')).to.deep.include({
      verdict: 'drop',
      unless: [],
    })
    const map = (key: string, pairs: string): string => `{"vmap":{"key":${key},"data":{"set":[${pairs}]}}}`
    const byInterface = `{"concat":[{"meta":{"key":"iifname"}},${ports}]}`
    const dropped = decided(map(byInterface, '[{"concat":["eth1",4789]},{"drop":null}]'))
    expect(dropped.by).to.deep.include({ text: 'iifname . th dport eth1 . 4789 drop' })
    const others = decided(map(ports, '[22,{"accept":null}],[53,{"accept":null}],["*",{"drop":null}]'))
    expect(others).to.deep.include({ verdict: 'drop', unless: [] })
    expect(others.by).to.deep.include({ text: 'th dport != { 22, 53 } drop' })
    expect(decided(map(ports, '["*",{"drop":null}],[4789,{"accept":null}]')).verdict).to.equal('accept')
  })

  it('follows a chain back after RETURN, and not after goto', () => {
    const forward = (way: string): Ruleset =>
      saved(
        ...['*filter', ':FORWARD DROP [0:0]', `[0:0] -A FORWARD ${way} own`, '[0:0] -A FORWARD -j ACCEPT'],
        ...['[0:0] -A own -p tcp -j RETURN', '[0:0] -A own -j DROP'],
      )
    expect(said(whoDecides(forward('-j'), 'forward', web))).to.equal('accept by filter FORWARD rule 2')
    expect(said(whoDecides(forward('-g'), 'forward', web))).to.equal('drop by policy of filter FORWARD')
    expect(said(whoDecides(forward('-j'), 'forward', vxlan))).to.equal('drop by filter own rule 2')
  })

  it('is no rule for another protocol, negated or not, nor one for IPv6, as nft prints them', () => {
    const rules = rulesetOf({
      ...{ firewall: [], nftables: parseNftables(recorded('nft-of-both-families', 'ruleset.json')) },
    })
    expect(said(whoDecides(rules, 'input', vxlan))).to.equal('accept by none')
    expect(whoDecides(rules, 'input', vxlan).asked).to.deep.equal([])
    expect(said(whoDecides(rules, 'input', web))).to.equal('drop by inet own in rule 1')
    expect(whoDecides(rules, 'prerouting', web).asked).to.deep.equal([])
  })

  it('names as exceptions to a drop only what the chain that drops accepts', () => {
    const dropped = saved(
      ...['*mangle', ':FORWARD ACCEPT [0:0]', '[0:0] -A FORWARD -s 192.0.2.0/24 -j ACCEPT', 'COMMIT'],
      ...['*filter', ':FORWARD DROP [0:0]', '[0:0] -A FORWARD -s 198.51.100.0/24 -j ACCEPT', 'COMMIT'],
    )
    const { verdict, unless } = whoDecides(dropped, 'forward', web)
    expect(verdict).to.equal('drop')
    expect(unless.map(({ rule }) => rule.table)).to.deep.equal(['filter'])
  })

  it('reads no option in the text of a comment', () => {
    const input = saved(
      ...['*filter', ':INPUT ACCEPT [0:0]', '[0:0] -A INPUT -p udp -m comment --comment -j -j DROP'],
    )
    expect(said(whoDecides(input, 'input', vxlan))).to.equal('drop by filter INPUT rule 1')
  })

  it('knows the port that was asked before a translation, as both programs write it', () => {
    const tables = [
      saved(
        ...['*filter', ':FORWARD ACCEPT [0:0]'],
        '[0:0] -A FORWARD -p tcp -m conntrack --ctorigdstport 5432 --ctdir ORIGINAL -j DROP',
      ),
      nft(
        {
          chain: {
            family: 'ip',
            table: 'own',
            name: 'fwd',
            handle: 1,
            hook: 'forward',
            prio: 0,
            type: 'filter',
          },
        },
        {
          rule: {
            ...{ family: 'ip', table: 'own', chain: 'fwd', handle: 2 },
            expr: [
              { match: { op: '==', left: { ct: { key: 'proto-dst', dir: 'original' } }, right: 5432 } },
              { drop: null },
            ],
          },
        },
      ),
    ]
    for (const table of tables) {
      const verdictOf = (more: Partial<AskedPacket>) => whoDecides(table, 'forward', { ...web, ...more })
      expect(verdictOf({ translated: true, askedPort: 5432 }).verdict).to.equal('drop')
      expect(verdictOf({ destinationPort: 5432 }).verdict).to.equal('drop')
      expect(verdictOf({ translated: true, askedPort: 8080 }).asked).to.deep.equal([])
      expect(verdictOf({ destinationPort: 5432, translated: true }).unless).to.have.lengthOf(1)
    }
  })

  it('does not walk in circles, and asks nothing of chains that nothing leads to', () => {
    const round = saved(
      ...[
        '*filter',
        ':INPUT ACCEPT [0:0]',
        '[0:0] -A INPUT -j one',
        '[0:0] -A one -j two',
        '[0:0] -A two -j one',
      ],
      '[0:0] -A dead -j DROP',
    )
    expect(said(whoDecides(round, 'input', web))).to.equal('accept by none')
  })

  it('is not known where a policy is not', () => {
    const old = rulesetOf({ firewall: parseFirewall(['*filter', '[0:0] -A FORWARD -p udp -j ACCEPT']) })
    expect(whoDecides(old, 'forward', web).verdict).to.equal(undefined)
    expect(whoDecides(old, 'forward', vxlan).verdict).to.equal('accept')
  })

  it('tells on engine 29.7 with iptables where a published port leads, and that it is let through', () => {
    const rules = stateOf('engine-29.7-iptables')
    const arriving = { ...web, destination: '192.168.99.11', toHost: true }
    const { translation } = whoDecides(rules, 'prerouting', arriving)
    expect(translation?.rule).to.deep.include({ leadsTo: '172.18.0.2:8080', chain: 'DOCKER-INGRESS' })
    expect(translation?.path.map(placeOfRule)).to.deep.equal([
      'nat PREROUTING rule 1',
      'nat DOCKER-INGRESS rule 1',
    ])
    const onward = { ...web, destination: '172.18.0.2', out: 'docker_gwbridge', translated: true }
    expect(said(whoDecides(rules, 'forward', onward))).to.equal('accept by filter DOCKER-INGRESS rule 1')
    expect(said(whoDecides(rules, 'forward', { ...onward, destinationPort: 9090 }))).to.equal(
      'drop by filter DOCKER rule 2',
    )
    expect(whoDecides(rules, 'prerouting', { ...arriving, destinationPort: 80 }).translation).to.equal(
      undefined,
    )
  })

  it('tells on engine 29.7 with nftables that unencrypted VXLAN of an encrypted network is dropped, and no port led on', () => {
    const rules = stateOf('engine-29.7-nftables')
    expect(said(whoDecides(rules, 'input', { ...vxlan, vni: 4102 }))).to.equal(
      'drop by ip docker-overlay enc-in rule 1',
    )
    expect(said(whoDecides(rules, 'input', { ...vxlan, vni: 4102, byIpsec: true }))).to.equal(
      'accept by none',
    )
    expect(said(whoDecides(rules, 'input', vxlan))).to.equal('accept by none')
    const arriving = { ...web, destination: '192.168.99.11', toHost: true }
    expect(whoDecides(rules, 'prerouting', arriving).translation).to.equal(undefined)
    const onward = { ...web, destination: '172.18.0.2', out: 'docker_gwbridge', translated: true }
    expect(said(whoDecides(rules, 'forward', onward))).to.equal(
      'drop by ip docker-bridges filter-forward-in__docker_gwbridge rule 3',
    )
  })
})

describe('rules behind one that is not understood', () => {
  const decide = (...lines: readonly string[]) => {
    const firewall = parseFirewall(['*filter', ...lines.map((line) => `[0:0] -A ${line}`)])
    const policies = parsePolicies(['*filter', ':INPUT DROP [0:0]'])
    return whoDecides(rulesetOf({ firewall, policies }), 'input', { protocol: 'udp', destinationPort: 4789 })
  }
  const doubts = (...lines: readonly string[]): boolean[] =>
    decide(...lines).asked.map(({ doubted }) => doubted)

  it('are doubted where it may accept, and not where it may drop', () => {
    expect(doubts('INPUT -m set --match-set own src -j ACCEPT', 'INPUT -j DROP')).to.deep.equal([false, true])
    expect(doubts('INPUT -m set --match-set bad src -j DROP', 'INPUT -j DROP')).to.deep.equal([false, false])
  })

  it('decide nothing for sure where packets may have left their chain', () => {
    const unmarked = 'OWN -m mark ! --mark 0x4000/0x4000 -j RETURN'
    const decision = decide('INPUT -j OWN', 'INPUT -j DROP', unmarked, 'OWN -j ACCEPT')
    expect(decision.verdict).to.equal('drop')
    expect(decision.unless.map(({ rule: { text } }) => text)).to.deep.equal(['-j ACCEPT'])
    expect(decision.asked.at(-1)).to.deep.include({ beyond: false, doubted: true })
    expect(decide('INPUT -j OWN', 'INPUT -j DROP', 'OWN -j ACCEPT').verdict).to.equal('accept')
  })
})
