import { expect } from 'chai'
import { recorded } from './recorded/recorded.fake.ts'
import { parseNftables } from './nftables.ts'
import { rulesetOf } from './ruleset.ts'
import { parseFirewall, parsePolicies } from './firewall.ts'
import { whoDecides } from './who-decides.ts'

/** `nft -j list ruleset` of nftables 1.0.6. */
const listed = `{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}, {"table": {"family": "inet", "name": "filter", "handle": 1}}, {"chain": {"family": "inet", "table": "filter", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}, {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 2, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "lo"}}, {"accept": null}]}}, {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 4, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": {"set": [22, 2377, 7946]}}}, {"counter": {"packets": 0, "bytes": 0}}, {"accept": null}]}}, {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 5, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth1"}}, {"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 4789}}, {"counter": {"packets": 7, "bytes": 900}}, {"drop": null}]}}, {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 6, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "esp"}}, {"drop": null}]}}]}`

const is = (left: string, ...values: string[]) => ({ left, values })

describe('nftables', () => {
  it('are read with hook, policy, conditions, counters and verdicts', () => {
    expect(parseNftables(listed)).to.deep.equal([
      {
        ...{ family: 'inet', table: 'filter', chain: 'input', hook: 'input', priority: 0, policy: 'drop' },
        kind: 'filter',
        rules: [
          { handle: 2, verdict: 'accept', conditions: [is('iifname', 'lo')] },
          { handle: 4, verdict: 'accept', conditions: [is('tcp dport', '22', '2377', '7946')], packets: 0 },
          {
            ...{ handle: 5, verdict: 'drop', packets: 7 },
            conditions: [is('iifname', 'eth1'), is('udp dport', '4789')],
          },
          { handle: 6, verdict: 'drop', conditions: [is('meta l4proto', 'esp')] },
        ],
      },
    ])
  })

  it('leave out what iptables manages, and are empty where nft printed nothing', () => {
    const ofIptables = listed.replaceAll('"inet"', '"ip"').replaceAll('"input"', '"INPUT"')
    expect(parseNftables(ofIptables)).to.deep.equal([])
    for (const line of [undefined, '', 'Error: no such', '[]', '{}', '{"nftables": 5}', '{"nftables": {}}'])
      expect(parseNftables(line)).to.deep.equal([])
  })

  it('hold what iptables-save does not tell of its own tables: base chains of other names, and tables it cannot read', () => {
    const saved = recorded('nft-in-iptables-tables', 'iptables-save.txt').split('\n')
    const found = parseNftables(recorded('nft-in-iptables-tables', 'nft.json'), saved)
    expect(found.map(({ table, chain, rules }) => [table, chain, rules.length])).to.deep.equal([
      ['filter', 'forward', 2],
      ['filter', 'also', 1],
      ['nat', 'PREROUTING', 1],
    ])
    const rules = rulesetOf({
      ...{ firewall: parseFirewall(saved), policies: parsePolicies(saved), nftables: found },
    })
    const web = { protocol: 'tcp', destinationPort: 8080, in: 'eth1', state: 'new' }
    expect(whoDecides(rules, 'prerouting', web).translation?.rule.leadsTo).to.equal('10.1.1.1:80')
    expect(whoDecides(rules, 'forward', web)).to.deep.include({ verdict: 'drop' })
    expect(whoDecides(rules, 'forward', { ...web, in: 'lan0' }).verdict).to.equal('accept')
  })

  it('hold what a set or a map of the table holds where it is named', () => {
    const chains = parseNftables(recorded('engine-29.7-nftables', 'nft.json'))
    const rulesOf = (name: string) =>
      chains.find(({ chain, family }) => chain === name && family === 'ip')?.rules
    expect(rulesOf('enc-in')).to.deep.equal([
      {
        ...{ handle: 4, verdict: 'drop', packets: 0 },
        conditions: [is('meta ipsec', 'false'), is('udp dport', '4789'), is('vni', '4102')],
      },
    ])
    expect(rulesOf('enc-out')).to.deep.equal([
      {
        ...{ handle: 5, verdict: '', marks: 13_681_891, packets: 418 },
        conditions: [is('udp dport', '4789'), is('vni', '4102')],
      },
    ])
    expect(rulesOf('filter-FORWARD')?.map(({ verdict, conditions }) => [verdict, conditions])).to.deep.equal([
      ['filter-forward-in__docker0', [is('oifname', 'docker0')]],
      ['filter-forward-in__docker_gwbridge', [is('oifname', 'docker_gwbridge')]],
      ['filter-forward-out__docker0', [is('iifname', 'docker0')]],
      ['filter-forward-out__docker_gwbridge', [is('iifname', 'docker_gwbridge')]],
    ])
  })

  it('say where DNAT leads, and of a set without elements that nothing matches', () => {
    const sandbox = parseNftables(recorded('engine-29.7-nftables', 'ingress-sandbox.nft.json'))
    expect(sandbox[0]?.rules[0]).to.deep.include({ leadsTo: '127.0.0.11:44048' })
    const empty = recorded('engine-29.7-nftables', 'nft.json').replace('"elem": [4102]', '"elem": []')
    expect(
      parseNftables(empty).find(({ chain }) => chain === 'enc-in')?.rules[0]?.conditions[2],
    ).to.deep.equal(is('vni', '{}'))
  })

  it('of a real nft are what was given to it', () => {
    const chains = parseNftables(recorded('nft-1.0.6', 'ruleset.json'))
    expect(
      rulesetOf({ firewall: [], nftables: chains }).map(({ table, name, hook, priority, rules }) => [
        [table, name, hook ?? '', priority].join(' '),
        rules.map(({ position, text, random }) => `${position} ${text}${random === true ? ' (random)' : ''}`),
      ]),
    ).to.deep.equal([
      [
        'inet own in input -300',
        [
          '1 meta ipsec false udp dport 4789 vni 4098 drop',
          '2 meta l4proto esp accept',
          '3 udp dport { 4000-5000, 7946 } ip saddr != 10.0.0.0/8 reject',
          '4 udp dport 53 accept',
          '4 udp dport 4789 other',
          '5 ct state { established, related } accept',
          '6 ct status dnat accept',
          '7 iifname veth* accept',
          '8 limit ? drop',
        ],
      ],
      ['inet own other  0', ['1 return']],
      [
        'ip lb pre prerouting -100',
        [
          '1 fib daddr type local tcp dport 8080 dnat to ? (random)',
          '2 tcp dport 8081 dnat to 172.18.0.2:8081',
          '3 tcp dport 8082 dnat to :9000',
          '4 ip daddr 10.0.0.9 dnat to ? (random)',
          '5 tcp dport 8083 tcp dport 8083 dnat to 172.18.0.3:80',
        ],
      ],
      ['ip lb out output -150', ['1 meta mark set 0xd0c4e3']],
    ])
  })
})
