import { expect } from 'chai'
import type { RequirementRecord } from '../../conformance/run-record.ts'
import type { Finding } from '../../observation/finding.ts'
import type { Problem } from '../../observation/problem.ts'
import { parseFirewall, parsePolicies } from '../../observe/firewall.ts'
import { parseIpvs } from '../../observe/ipvs.ts'
import { parseNftables } from '../../observe/nftables.ts'
import { recorded } from '../../observe/recorded/recorded.fake.ts'
import { exampleLab } from '../../report/fixtures/example-runs.fake.ts'
import { findingsOf } from '../diagnosis.ts'
import { LabView } from '../lab-view.ts'
import { rules } from '../rule-table.ts'
import { meshNotSetUp } from './mesh-not-set-up.ts'

const link = (name: string, address: string, kind: string) => ({
  ...{ name, kind, index: 1, mtuBytes: 1500, mac: '', up: true },
  addresses: [{ address, prefixLength: 16, family: 'inet' as const }],
})
const none = { inode: '', routes: [], neighbours: [], fdb: [] }

function stateOf(engine: string, nft = recorded(engine, 'nft.json'), ipvs: readonly string[] = []) {
  const lines = recorded(engine, 'iptables-save.txt').split('\n')
  const links = [link('eth1', '192.168.99.11', ''), link('docker_gwbridge', '172.18.0.1', 'bridge')]
  const sandbox = { ...none, links: [link('eth1', '172.18.0.2', '')], firewall: [], ipvs: parseIpvs(ipvs) }
  return {
    root: { ...none, links, ipvs: [], firewall: parseFirewall(lines), policies: parsePolicies(lines) },
    ...{ nftables: parseNftables(nft), namespaces: { ingress_sbox: sandbox }, unavailable: [] },
    firewallBackend: { backend: 'nft', program: '/usr/sbin/iptables', legacyTables: [] },
  }
}

/** As requirements reported it of engine 29.7 with nftables. */
const problems: readonly (Problem & { readonly id: string })[] = [
  { id: 'ING-01', code: 'port-not-answered', kind: 'missed', node: 'worker1', port: 8080, protocol: 'TCP' },
  { id: 'ING-05', code: 'port-not-translated', kind: 'missed', node: 'worker1', port: 8080, subject: 'nat' },
  { id: 'LB-02', code: 'balancer-not-set-up', kind: 'missed', node: 'worker1', network: 'ingress' },
  { id: 'LB-02', code: 'balancer-lacks-task', kind: 'missed', node: 'worker1', network: 'swp-clear' },
]

function find(state: object, applied = [meshNotSetUp]): { findings: Finding[]; view: LabView } {
  const records = ['ING-01', 'ING-05', 'LB-02'].map((id) => ({
    ...{
      id,
      lab: 'three-node',
      verdict: { outcome: 'fail', problems: problems.filter((one) => one.id === id) },
    },
  })) as unknown as RequirementRecord[]
  const facts = {
    ...{ nodes: [], tasks: [], topology: exampleLab('three-node', '29.7.9').topology },
    networks: {
      ingress: {
        ...{ id: 'fqbg7rptqgvu1k4m7x2c6b1z2', name: 'ingress', ingress: true },
        ...{ vni: 4096, subnet: '10.0.0.0/24' },
      },
      clear: { id: 'nqdh0ksc37tq1k4m7x2c6b1z2', name: 'swp-clear', ingress: false, vni: 4097 },
    },
    services: {
      web: {
        vips: {},
        published: [{ protocol: 'tcp', publishedPort: 8080, targetPort: 80, mode: 'ingress' }],
      },
    },
  }
  const files: Readonly<Record<string, unknown>> = {
    'facts#0': facts,
    'kernel#0': { seen: { worker1: state } },
  }
  const lab = exampleLab('three-node', '29.7.9')
  const view = new LabView(lab, 0, records, records, (_, name) => files[name])
  return { findings: findingsOf(view, applied, lab), view }
}

describe('the mesh of an engine whose firewall backend is nftables', () => {
  it('is the first finding of engine 29.7 there, and explains what rests on it and nothing else', () => {
    expect(find(stateOf('engine-29.7-nftables'), [...rules]).findings[0]?.code).to.equal(meshNotSetUp.code)
    const { findings, view } = find(stateOf('engine-29.7-nftables'))
    expect(findings[0]).to.deep.include({ code: 'mesh-without-rules-on-nftables', nodes: ['worker1'] })
    expect(findings[0]?.explains).to.deep.equal(['ING-01', 'ING-05', 'LB-02'])
    expect(findings[0]?.proof).to.deep.equal([
      'worker1: the rules of docker_gwbridge are in table ip docker-bridges of nftables, none of them in iptables',
      'worker1: no rule of either leads 8080/tcp on',
      'worker1: ip docker-bridges filter-forward-in__docker_gwbridge drops what is forwarded to ingress_sbox',
      'worker1: IPVS of ingress_sbox has no service',
    ])
    expect(view.problems().map(({ network }) => network)).to.deep.equal(['swp-clear'])
  })

  it('is none with iptables, of a rule that leads the port on, or where the sandbox balances', () => {
    expect(find(stateOf('engine-29.7-iptables')).findings).to.deep.equal([])
    const nft = recorded('engine-29.7-nftables', 'nft.json')
    const rule =
      '{"rule": {"family": "ip", "table": "docker-bridges", "chain": "nat-prerouting-and-output", "handle": 200, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 8080}}, {"dnat": {"addr": "172.18.0.2", "port": 8080}}]}}'
    const led = nft.trimEnd().replace(/\]\}$/, `, ${rule}]}`)
    expect(find(stateOf('engine-29.7-nftables', led)).findings).to.deep.equal([])
    expect(find(stateOf('engine-29.7-nftables', nft, ['FWM  00000100 rr'])).findings).to.deep.equal([])
  })

  it('is none where something could not be read', () => {
    const state = stateOf('engine-29.7-nftables')
    const blind = {
      ...state,
      unavailable: [{ what: 'firewall', tool: 'iptables-save', package: 'iptables' }],
    }
    expect(find(blind).findings).to.deep.equal([])
    const { nftables: _, ...unread } = state
    expect(find(unread).findings).to.deep.equal([])
  })
})
