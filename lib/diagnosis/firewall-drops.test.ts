import { expect } from 'chai'
import type { RequirementRecord } from '../conformance/run-record.ts'
import { parseFirewall, parsePolicies } from '../observe/firewall.ts'
import { parseNftables } from '../observe/nftables.ts'
import { recorded } from '../observe/recorded/recorded.fake.ts'
import { exampleLab } from '../report/fixtures/example-runs.fake.ts'
import { firewallDrops, type Traffic } from './firewall-drops.ts'
import { LabView } from './lab-view.ts'

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
const drop = (traffic: Traffic): string[] =>
  firewallDrops(view)
    .filter(({ matches }) => matches(traffic))
    .map(({ rule }) => rule)

describe('drops of host firewalls', () => {
  it('are of IPv4, of the protocol they match, and of senders that are nodes', () => {
    expect(drop('data')).to.deep.equal([
      'iptables -t filter -A INPUT -s 192.168.99.0/24 -p udp -m udp --dport 4789 -j DROP',
    ])
    expect(drop('esp')).to.deep.equal([])
    expect(drop('management')).to.deep.equal([])
    expect(drop('gossip-tcp')).to.deep.equal(['nft inet own input: tcp dport != { 22, 2377 } drop'])
  })

  it('of what comes to published ports are of any sender', () => {
    expect(drop('mesh')).to.include('iptables -t filter -A INPUT -s 203.0.113.7/32 -j DROP')
  })
})
