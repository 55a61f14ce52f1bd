import { expect } from 'chai'
import type { HostState } from '../lib/observe/host-state.ts'
import { parseNftables } from '../lib/observe/nftables.ts'
import { allOf, deleted, inserted } from './changed-firewall.fake.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import { causesWhere } from './stored/causes-where.fake.ts'
import type { Changeable, ChangeKernel } from './stored/changed-kernel.fake.ts'

/** Port 8080 is silent at worker2, asked by manager and worker1, and the rule of FORWARD that dropped it is not there. */
const run = 'forward-dropped'
const unlessDropped = deleted(/^filter FORWARD -i eth1 -o docker_gwbridge -j DROP$/, 'worker2')
const explained = (...changes: readonly ChangeKernel[]) =>
  explainWithKernel(run, allOf(unlessDropped, ...changes))
const titleOf = (...changes: readonly ChangeKernel[]): string =>
  explained(...changes).findings.find(({ severity }) => severity === 'cause')?.title ?? ''

/** On worker2, with a counter that rose meanwhile. */
function rising(table: string, chain: string, rule: string, packets = 60): ChangeKernel {
  return (state, node, reading) =>
    inserted('worker2', table, chain, rule, reading === 'kernel' ? 0 : packets)(state, node, reading)
}

/** A chain of nftables on worker2 that is asked before DNAT, of these rules. */
function early(policy: string, ...rules: readonly string[]): ChangeKernel {
  return (state, node, reading) => {
    if (node !== 'worker2') return
    const of = '"family":"inet","table":"edge"'
    const listed = [
      `{"chain":{${of},"name":"pre","handle":1,"type":"filter","hook":"prerouting","prio":-300,"policy":"${policy}"}}`,
      ...rules.map((expr) => `{"rule":{${of},"chain":"pre","handle":2,"expr":[${expr}]}}`),
    ].join()
    const counted = listed.replaceAll('COUNT', reading === 'kernel' ? '0' : '60')
    state.nftables = [...parseNftables(`{"nftables":[${counted}]}`)] as NonNullable<
      Changeable<HostState>['nftables']
    >
  }
}

const match = (left: string, right: string, op = '=='): string =>
  `{"match":{"op":"${op}","left":${left},"right":${right}}}`
const tcpPort = '{"payload":{"protocol":"tcp","field":"dport"}}'
const counter = '{"counter":{"packets":COUNT,"bytes":0}}'

describe('a published port that a rule drops before DNAT', function () {
  this.timeout(60_000)
  const drops = "worker2's own firewall drops what comes for port 8080/tcp: "
  const mayDrop = "worker2's own firewall may drop what comes for port 8080/tcp: "

  it('is dropped for certain where the rule asks by which interface, or from whom, it comes', () => {
    for (const rule of [
      '-i eth1 -p tcp -m tcp --dport 8080 -j DROP',
      '-s 192.168.56.0/24 -p tcp -m multiport --dports 8000:9000 -j DROP',
    ])
      expect(titleOf(rising('raw', 'PREROUTING', rule))).to.equal(
        `${drops}iptables -t raw -A PREROUTING ${rule}, 60 packets meanwhile`,
      )
    const byInterface = [match('{"meta":{"key":"iifname"}}', '"eth1"'), match(tcpPort, '8080'), counter]
    expect(titleOf(early('accept', [...byInterface, '{"drop":null}'].join()))).to.contain(drops)
    expect(titleOf(rising('raw', 'PREROUTING', '-i eth0 -p tcp -m tcp --dport 8080 -j DROP'))).to.equal('')
  })

  it('is dropped by a policy, whatever other interfaces and ports are accepted before it', () => {
    const accepted = [
      `${match('{"meta":{"key":"iifname"}}', '{"set":["lo","docker_gwbridge","eth0"]}')},{"accept":null}`,
      `${match(tcpPort, '{"set":[22,2377,7946]}')},{"accept":null}`,
      `${match('{"payload":{"protocol":"udp","field":"dport"}}', '{"set":[4789,7946]}')},{"accept":null}`,
    ]
    expect(titleOf(early('drop', ...accepted))).to.equal(`${drops}nft inet edge pre: policy drop`)
    const open = `${match(tcpPort, '{"set":[8080]}')},{"accept":null}`
    expect(titleOf(early('drop', ...accepted, open))).to.equal('')
  })

  it('is explained for whom the rule is alone', () => {
    const ofManager = rising('raw', 'PREROUTING', '-s 192.168.56.11/32 -p tcp -m tcp --dport 8080 -j DROP')
    const missed = (from: string) => ({
      ...{ code: 'port-not-answered' as const, kind: 'missed' as const, node: 'worker2', port: 8080 },
      ...{ path: { from, to: 'worker2' }, protocol: 'TCP' as const },
    })
    const [found] = causesWhere({ 'ING-01': [missed('manager')], 'ING-03': [missed('worker1')] }, ofManager)
    expect(found).to.deep.include({ code: 'published-port-dropped', explains: ['ING-01'] })
    // What a node asks itself comes by no hook of what arrives.
    expect(causesWhere({ 'ING-05': [missed('worker2')] }, ofManager)).to.deep.equal([])
  })

  describe('of a rule whose matches are not understood', () => {
    const strange = rising('raw', 'PREROUTING', '-m rpfilter --invert -j DROP', 90)

    it('is said that it may, and to see first whether it does; VXLAN, which is carried, is not blamed', () => {
      const said = explained(strange)
      expect(causesOf(said)).to.deep.equal([['published-port-dropped', ['worker2']]])
      expect(said.findings[0]?.title).to.contain(mayDrop)
    })

    it('nothing is said where the node lacks a rule of the mesh, or a rule in a namespace drops it', () => {
      for (const [fault, code] of [
        ['ingress-forward-missing', 'mesh-rule-missing'],
        ['ingress-mark-missing', 'mesh-rule-missing'],
        ['unpublished-task-silent', 'namespace-firewall-drops'],
      ] as const)
        expect(causesOf(explainWithKernel(fault, strange)), fault).to.deep.equal([[code, ['worker2']]])
    })

    it('nothing is said where it is a list of senders, and nodes hear each other', () => {
      const listed = rising('raw', 'PREROUTING', '-m set --match-set crowdsec-blacklists src -j DROP', 90)
      expect(causesOf(explained(listed))).to.deep.equal([])
    })
  })
})
