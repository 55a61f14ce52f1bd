import { expect } from 'chai'
import type { HostState } from '../lib/observe/host-state.ts'
import { parseNftables } from '../lib/observe/nftables.ts'
import { allOf, deleted, inserted } from './changed-firewall.fake.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import type { Changeable, ChangeKernel } from './stored/changed-kernel.fake.ts'

/** Port 8080 is silent at worker2, asked by manager and worker1, and the rule of FORWARD that dropped it is not there. */
const run = 'forward-dropped'
const unlessDropped = deleted(/^filter FORWARD -i eth1 -o docker_gwbridge -j DROP$/, 'worker2')

/** On worker2, with a counter that rose meanwhile. */
function rising(table: string, rule: string, packets = 12): ChangeKernel {
  return (state, node, reading) =>
    inserted('worker2', table, 'PREROUTING', rule, reading === 'kernel' ? 0 : packets)(state, node, reading)
}
/** A chain of nftables on worker2 with one rule for the port. */
function ofNft(chain: string, does: string): ChangeKernel {
  return (state, node, reading) => {
    if (node !== 'worker2') return
    const of = '"family":"ip","table":"web"'
    const counter = `{"counter":{"packets":${reading === 'kernel' ? 0 : 12},"bytes":0}}`
    const port = '{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":8080}}'
    state.nftables = [
      ...parseNftables(
        `{"nftables":[{"chain":{${of},"name":"pre","handle":1,${chain},"policy":"accept"}},{"rule":{${of},"chain":"pre","handle":2,"expr":[${port},${counter},${does}]}}]}`,
      ),
    ] as NonNullable<Changeable<HostState>['nftables']>
  }
}
const explained = (...changes: readonly ChangeKernel[]) =>
  explainWithKernel(run, allOf(unlessDropped, ...changes))

describe('a published port that is kept from DNAT', function () {
  this.timeout(60_000)

  it('is told with the rule that leaves it untracked, or ends nat before the engine’s', () => {
    for (const [table, rule, does] of [
      ['raw', '-p tcp -m tcp --dport 8080 -j CT --notrack', 'leaves it untracked'],
      ['raw', '-i eth1 -p tcp -m multiport --dports 80,443,8000:9000 -j NOTRACK', 'leaves it untracked'],
      ['nat', '-p tcp -m tcp --dport 8080 -j ACCEPT', 'ends nat before the engine’s rule'],
      ['nat', '-s 192.168.56.0/24 -j RETURN', 'ends nat before the engine’s rule'],
    ] as const) {
      const found = explained(rising(table, rule))
      expect(causesOf(found)).to.deep.equal([['published-port-kept-from-dnat', ['worker2']]])
      expect(found.findings[0]?.title).to.equal(
        `worker2 does not lead port 8080/tcp on: ${table} PREROUTING rule 1 (${rule}) ${does}, 12 packets meanwhile`,
      )
    }
  })

  it('is not where the rule is for another port, protocol, interface or sender, or counted nothing', () => {
    for (const [table, rule, packets] of [
      ['raw', '-p tcp -m tcp --dport 8081 -j CT --notrack', 12],
      ['raw', '-p udp -m udp --dport 8080 -j NOTRACK', 12],
      ['raw', '-i eth0 -p tcp -m tcp --dport 8080 -j NOTRACK', 12],
      ['nat', '-s 10.1.0.0/16 -j RETURN', 12],
      ['raw', '-p tcp -m tcp --dport 8080 -j CT --notrack', 0],
    ] as const)
      expect(causesOf(explained(rising(table, rule, packets))), rule).to.deep.equal([])
  })

  it('is not by another chain that translates, nor by what untracks behind connection tracking', () => {
    for (const chain of [
      '"type":"nat","hook":"prerouting","prio":-110',
      '"type":"filter","hook":"prerouting","prio":-150',
    ])
      for (const does of ['{"accept":null}', '{"notrack":null}'])
        expect(causesOf(explained(ofNft(chain, does))), `${chain} ${does}`).to.deep.equal([])
    const early = '"type":"filter","hook":"prerouting","prio":-300'
    expect(causesOf(explained(ofNft(early, '{"notrack":null}')))).to.deep.equal([
      ['published-port-kept-from-dnat', ['worker2']],
    ])
  })

  it('is not where the engine has no DNAT for it', () => {
    const notrack = rising('raw', '-p tcp -m tcp --dport 8080 -j CT --notrack')
    const codes = causesOf(explained(notrack, deleted(/^nat DOCKER-INGRESS .*--dport 8080 /, 'worker2'))).map(
      ([code]) => code,
    )
    expect(codes).to.not.include('published-port-kept-from-dnat')
  })
})
