import { expect } from 'chai'
import { parseNftables } from './nftables.ts'

/** `nft -j list ruleset` of nftables 1.0.6. */
const listed = `{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}, {"table": {"family": "inet", "name": "filter", "handle": 1}}, {"chain": {"family": "inet", "table": "filter", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}, {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 2, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "lo"}}, {"accept": null}]}}, {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 4, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": {"set": [22, 2377, 7946]}}}, {"counter": {"packets": 0, "bytes": 0}}, {"accept": null}]}}, {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 5, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth1"}}, {"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 4789}}, {"counter": {"packets": 7, "bytes": 900}}, {"drop": null}]}}, {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 6, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "esp"}}, {"drop": null}]}}]}`

describe('nftables', () => {
  it('are read with hook, policy, matches, counters and verdicts', () => {
    expect(parseNftables(listed)).to.deep.equal([
      {
        ...{ family: 'inet', table: 'filter', chain: 'input', hook: 'input', priority: 0, policy: 'drop' },
        rules: [
          { handle: 2, verdict: 'accept', matches: { iifname: 'lo' } },
          { handle: 4, verdict: 'accept', matches: { 'tcp dport': '{"set":[22,2377,7946]}' }, packets: 0 },
          { handle: 5, verdict: 'drop', matches: { iifname: 'eth1', 'udp dport': '4789' }, packets: 7 },
          { handle: 6, verdict: 'drop', matches: { 'meta l4proto': 'esp' } },
        ],
      },
    ])
  })

  it('leave out what iptables manages, and are empty where nft printed nothing', () => {
    expect(parseNftables(listed.replaceAll('"inet"', '"ip"'))).to.deep.equal([])
    for (const line of [undefined, '', 'Error: no such', '[]', '{}'])
      expect(parseNftables(line)).to.deep.equal([])
  })
})
