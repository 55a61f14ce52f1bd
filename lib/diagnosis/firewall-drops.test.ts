import { expect } from 'chai'
import type { RequirementRecord } from '../conformance/run-record.ts'
import { parseFirewall, parsePolicies } from '../observe/firewall.ts'
import { parseNftables } from '../observe/nftables.ts'
import { recorded } from '../observe/recorded/recorded.fake.ts'
import { exampleLab } from '../report/fixtures/example-runs.fake.ts'
import { firewallDrops, packetDrops, type Traffic } from './firewall-drops.ts'
import { LabView, type Reported } from './lab-view.ts'
import { forwardedPackets } from './mesh-packets.ts'

const saved = recorded('firewall-of-an-operator', 'iptables-save.txt').split('\n')
const state = {
  root: { firewall: parseFirewall(saved), policies: parsePolicies(saved) },
  nftables: parseNftables(recorded('firewall-of-an-operator', 'nft.json'), saved),
}
const node = (name: string, address: string) => ({ name, advertise: { address }, dataPath: { address } })
const files: Readonly<Record<string, unknown>> = {
  'facts#0': { nodes: [node('manager1', '192.168.99.11'), node('worker1', '192.168.99.12')] },
  'kernel#0': { seen: { worker1: state } },
}
const none: RequirementRecord[] = []
const lab = exampleLab('three-node', '29.7.9')
const view = new LabView(lab, 0, none, none, (_, name) => files[name])
const drop = (traffic: Traffic): string[] => firewallDrops(view, 'worker1', traffic).map(({ rule }) => rule)

describe('drops of host firewalls', () => {
  it('are of IPv4, of the protocol they match, and of senders that are nodes', () => {
    expect(drop('data')).to.deep.equal([
      'iptables -t filter -A INPUT -s 192.168.99.0/24 -p udp -m udp --dport 4789 -j DROP',
    ])
    expect(drop('esp')).to.deep.equal([])
    expect(drop('management')).to.deep.equal([])
    expect(drop('gossip-tcp')).to.deep.equal(['nft inet own input: tcp dport != { 22, 2377 } drop'])
  })
})

describe('what lets in what is dropped', () => {
  const letInBy = (seen: LabView, traffic: Traffic) =>
    firewallDrops(seen, 'worker1', traffic)[0]?.letIn('192.168.99.0/24')[0]

  it('takes away a rule for this traffic alone, and is in the words of its program', () => {
    expect(letInBy(view, 'data')).to.match(
      /^`iptables -t filter -D INPUT -s 192\.168\.99\.0\/24 -p udp -m udp --dport 4789 -j DROP`/,
    )
    expect(letInBy(view, 'gossip-tcp')).to.match(
      /^`nft insert rule inet own input ip saddr 192\.168\.99\.0\/24 tcp dport 7946 accept`/,
    )
  })
})

describe('drops of a firewall that accepts what it knows', () => {
  const lines = recorded('firewall-like-ufw', 'iptables-save.txt').split('\n')
  const stateOf = (counted: (rule: string) => boolean) => {
    const told = lines.map((line) => (counted(line) ? line.replace('[0:0]', '[7:420]') : line))
    const root = { firewall: parseFirewall(told), policies: parsePolicies(told), links: [] }
    return { root, namespaces: {} }
  }
  const viewOf = (
    counted: (rule: string) => boolean,
    more: Readonly<Record<string, unknown>> = {},
  ): LabView => {
    const seen: Readonly<Record<string, unknown>> = {
      ...files,
      'kernel#0': { seen: { worker1: stateOf(() => false) } },
      'kernel-after#0': { seen: { worker1: stateOf(counted) } },
      ...more,
    }
    return new LabView(lab, 0, none, none, (_, name) => seen[name])
  }
  const drops = (traffic: Traffic, counted: (rule: string) => boolean) =>
    firewallDrops(viewOf(counted), 'worker1', traffic).map(({ letIn: _, of: __, ...drop }) => drop)
  const policy = { node: 'worker1', rule: 'iptables -t filter -P INPUT DROP', packets: 7, certain: true }

  it('are those of its policy, for what no rule accepts', () => {
    const isPolicy = (line: string): boolean => line.startsWith(':INPUT')
    expect(drops('data', isPolicy)).to.deep.equal([policy])
    expect(drops('esp', isPolicy)).to.deep.equal([policy])
    expect(drops('gossip-udp', isPolicy)).to.deep.equal([])
    expect(drops('management', isPolicy)).to.deep.equal([])
  })

  it('are not those of packets that belong to no connection', () => {
    const found = drops('data', (line) => line.includes('INVALID') || line.startsWith(':INPUT'))
    expect(found).to.deep.equal([policy])
  })

  it('are those of a share of the packets where it counted some', () => {
    expect(drops('gossip-tcp', () => false)).to.deep.equal([])
    const [found] = drops('gossip-tcp', (line) => line.includes('statistic'))
    expect(found).to.include({ packets: 7 })
    expect(found?.rule).to.match(/--dport 7946 -m statistic .* -j DROP$/)
  })

  it('are, of what is forwarded to published ports, those on its way to docker_gwbridge', () => {
    const rule = 'iptables -t filter -A FORWARD -i eth1 -o docker_gwbridge -j DROP'
    const silent: Reported = {
      ...{ requirement: 'ING-01', code: 'port-not-answered', kind: 'missed', node: 'worker1' },
      ...{ path: { from: 'manager1', to: 'worker1' }, protocol: 'TCP', port: 8080 },
    }
    const isForwarding = (line: string): boolean => line.includes('FORWARD -i')
    const forwarded = (on?: string) => {
      const own = { address: '192.168.99.12', ...(on === undefined ? {} : { interface: on }) }
      const facts = { nodes: [node('manager1', '192.168.99.11'), { name: 'worker1', advertise: own }] }
      const view = viewOf(isForwarding, { 'facts#0': facts })
      const asked = forwardedPackets(silent, 'worker1', view)
      return packetDrops(view, 'worker1', asked, ['forward']).map(({ dropping: _, of: __, ...drop }) => drop)
    }
    const found = { node: 'worker1', rule, packets: 7, certain: true }
    expect(forwarded('eth1')).to.deep.equal([found])
    expect(forwarded('eth2')).to.deep.equal([])
    expect(forwarded()).to.deep.equal([{ ...found, certain: false }])
    expect(drops('data', isForwarding)).to.not.deep.include(found)
  })
})
