import { expect } from 'chai'
import type { RequirementRecord } from '../../conformance/run-record.ts'
import type { Finding } from '../../observation/finding.ts'
import type { Problem } from '../../observation/problem.ts'
import { parseFirewall, parsePolicies } from '../../observe/firewall.ts'
import { parseNftables } from '../../observe/nftables.ts'
import { recorded } from '../../observe/recorded/recorded.fake.ts'
import { exampleLab } from '../../report/fixtures/example-runs.fake.ts'
import { findingsOf } from '../diagnosis.ts'
import { LabView } from '../lab-view.ts'
import { hairpinBroken } from './hairpin-broken.ts'

const link = (name: string, address: string, kind: string) => ({
  ...{ name, kind, index: 1, mtuBytes: 1500, mac: '', up: true },
  addresses: [{ address, prefixLength: 16, family: 'inet' as const }],
})
const none = { inode: '', routes: [], neighbours: [], fdb: [], ipvs: [] }
/** Of ingress_sbox on the host whose iptables-save it is. */
const sandboxAddress = '172.18.0.2'

interface Host {
  /** Lines put before the first rule of their table. */
  readonly first?: readonly { readonly table: string; readonly line: string }[]
  readonly settings?: Readonly<Record<string, string>>
  readonly nft?: string
  readonly unavailable?: readonly object[]
}

function stateOf({ first = [], settings = { [bridgeSetting]: '1' }, nft, unavailable = [] }: Host) {
  const lines = recorded('engine-29.7-iptables', 'iptables-save.txt').split('\n')
  for (const { table, line } of first) {
    const from = lines.indexOf(`*${table}`)
    lines.splice(
      lines.findIndex((text, index) => index > from && text.includes(' -A ')),
      0,
      `[0:0] ${line}`,
    )
  }
  const links = [link('eth1', '192.168.56.12', ''), link('docker_gwbridge', '172.18.0.1', 'bridge')]
  return {
    root: { ...none, links, settings, firewall: parseFirewall(lines), policies: parsePolicies(lines) },
    ...(nft === undefined ? {} : { nftables: parseNftables(nft) }),
    namespaces: { ingress_sbox: { ...none, links: [link('eth1', sandboxAddress, '')], firewall: [] } },
    unavailable,
  }
}
const bridgeSetting = 'net.bridge.bridge-nf-call-iptables'

const own: Problem = {
  ...{ code: 'own-node-not-answering-task', kind: 'missed', node: 'worker1', protocol: 'TCP', port: 8080 },
  ...{
    address: '192.168.56.12',
    ends: { from: 'swp-rr@worker1', to: 'worker1' },
    observed: '2 of 2 (timeout)',
  },
}

function find(host: Host, problems: readonly Problem[] = [own]): Finding[] {
  const records = [{ id: 'ING-14', lab: 'three-node', verdict: { outcome: 'fail', problems } }]
  const lab = exampleLab('three-node', '26.1.5')
  const read = (_: unknown, name: string): unknown =>
    name === 'kernel-after#0' ? { seen: { worker1: stateOf(host) } } : undefined
  const view = new LabView(lab, 0, records as unknown as RequirementRecord[], records as never, read)
  return findingsOf(view, [hairpinBroken], lab)
}

const drop = { table: 'filter', line: '-A FORWARD -i docker_gwbridge -o docker_gwbridge -j DROP' }
const past = { table: 'nat', line: '-A PREROUTING -i docker_gwbridge -p tcp --dport 8080 -j ACCEPT' }

describe('a hairpin that is broken', () => {
  it('is laid to bridges that are not filtered, where nothing masquerades', () => {
    const [finding] = find({ settings: { [bridgeSetting]: '0' } })
    expect(finding?.title).to.equal(
      "Tasks on worker1 do not reach port 8080 at worker1's own address: net.bridge.bridge-nf-call-iptables is 0 there",
    )
    expect(finding?.remedy[0]).to.match(/^`sysctl -w net\.bridge\.bridge-nf-call-iptables=1`/)
    expect(finding?.explains).to.deep.equal(['ING-14'])
    expect(finding?.knownIssues).to.deep.equal(['moby/moby#13162'])
  })

  it('is laid to the rule that drops it, of whatever table, with the report of engine 29.8.0', () => {
    const [finding] = find({ first: [drop] })
    expect(finding?.title).to.match(
      /: filter FORWARD rule 1 \(-i docker_gwbridge -o docker_gwbridge -j DROP\) drops them$/,
    )
    expect(finding?.knownIssues).to.include('moby/moby#53713')
    const rule =
      '{"nftables": [{"chain": {"family": "inet", "table": "own", "name": "fwd", "handle": 1, "type": "filter", "hook": "forward", "prio": -10, "policy": "accept"}}, {"rule": {"family": "inet", "table": "own", "chain": "fwd", "handle": 2, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "docker_gwbridge"}}, {"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": "docker_gwbridge"}}, {"drop": null}]}}]}'
    expect(find({ nft: rule })[0]?.title).to.match(/inet own fwd rule 1 .*drops them$/)
  })

  it('is laid to the rule that sends it past the mesh', () => {
    expect(find({ first: [past] })[0]?.title).to.match(
      /: nat PREROUTING rule 1 \(-i docker_gwbridge -p tcp --dport 8080 -j ACCEPT\) sends them past the mesh$/,
    )
  })

  it('is none where rules lead it on and bridges are filtered, or where that is not known', () => {
    expect(find({})).to.deep.equal([])
    expect(find({ settings: {} })).to.deep.equal([])
    const firewall = { what: 'firewall', tool: 'iptables-save', package: 'iptables' }
    expect(find({ first: [drop], unavailable: [firewall] })).to.deep.equal([])
  })

  it('is none for another port, for packets of others, or where others are not answered either', () => {
    const other = { ...past, line: past.line.replace('8080', '8081') }
    const outside = { ...drop, line: '-A FORWARD -i eth1 -o docker_gwbridge -j DROP' }
    expect(find({ first: [other, outside] })).to.deep.equal([])
    const silent: Problem = { ...own, code: 'port-not-answered', path: { from: 'manager', to: 'worker1' } }
    expect(find({ first: [drop] }, [own, silent])).to.deep.equal([])
  })

  it('is none of a node that masquerades what comes from its own bridge', () => {
    const masquerade = {
      table: 'nat',
      line: '-A POSTROUTING -s 172.18.0.0/16 -o docker_gwbridge -j MASQUERADE',
    }
    expect(find({ first: [masquerade], settings: { [bridgeSetting]: '0' } })).to.deep.equal([])
  })
})
