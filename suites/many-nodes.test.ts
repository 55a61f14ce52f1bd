import { expect } from 'chai'
import { explainStored } from '../lib/cli/explain-stored.ts'
import { readGolden } from './golden/golden-case.ts'
import { multiplied } from './golden/multiplied-case.fake.ts'

/** Causes that a lab is told of which showed on so many nodes what a lab of three showed on one. */
function toldOf(fault: string, faulty: string, affected: number, count = 10) {
  const { findings } = explainStored(multiplied(readGolden(fault).files, faulty, { count, affected }))
  return findings.filter(({ severity }) => severity === 'cause')
}

const others = 'worker6, worker7, worker8 and worker9'

describe('labs of many nodes', function () {
  this.timeout(60_000)

  for (const fault of ['forwarding-off', 'arriving-vxlan-dropped', 'rules-flushed', 'masquerade-gone'])
    it(`are explained as one of three where one node is concerned: ${fault}`, () => {
      const { said, files } = readGolden(fault)
      const { findings } = said as { findings: { code: string; nodes: string[]; explains: string[] }[] }
      const [first] = findings
      const told = explainStored(
        multiplied(files, first?.nodes[0] ?? '', { count: 10, affected: 1 }),
      ).findings
      expect(told.map(({ code, nodes, explains }) => [code, nodes, explains])).to.deep.equal(
        findings.map(({ code, nodes, explains }) => [code, nodes, explains]),
      )
    })

  for (const [fault, title] of [
    [
      'forwarding-off',
      `worker2 forwards nothing: net.ipv4.ip_forward is 0, set in /etc/sysctl.d/90-hardening.conf; likewise ${others}`,
    ],
    [
      'rules-flushed',
      `worker2 has none of the engine's firewall rules, other nodes have them; likewise ${others}`,
    ],
    [
      'forward-dropped',
      `worker2's own firewall drops what the engine forwards to containers (the routing mesh): iptables -t filter -A FORWARD -i eth1 -o docker_gwbridge -j DROP, 300 packets meanwhile; likewise ${others}`,
    ],
    [
      'drop-rule-missing',
      `worker2 lets in clear text of the encrypted overlay swp-secret: no rule of its firewall drops it; likewise ${others}`,
    ],
    ['name-known-to-host', `/etc/hosts of worker2, ${others} names swp-web: 10.101.0.1 swp-web`],
    [
      'outbound-state-missing',
      `worker2, ${others} have lost IPsec states towards manager, which still has its own`,
    ],
  ] as const)
    it(`are told once of what half of them have: ${fault}`, () => {
      const told = toldOf(fault, 'worker2', 5)
      expect(told.map(({ title: one }) => one)).to.deep.equal([title])
      expect(told[0]?.nodes).to.deep.equal(['worker2', 'worker6', 'worker7', 'worker8', 'worker9'])
    })

  it('are told of a rule with each node’s own address once', () => {
    const told = toldOf('unpublished-port-forwarded', 'worker2', 5)
    expect(told.map(({ nodes }) => nodes.length)).to.deep.equal([5])
    expect(told[0]?.title).to.match(/^worker2 leads port 80\/tcp to .*; likewise worker6, /)
  })

  it('are told of all nodes in a word, and keep their names', () => {
    const [told, ...more] = toldOf('arriving-vxlan-dropped', 'manager', 10)
    expect(more).to.deep.equal([])
    expect(told?.title).to.equal(
      "VXLAN (UDP 4789) arrives at all 10 nodes and is dropped there by the node's own firewall, on each: iptables -t raw -A PREROUTING -p udp -m udp --dport 4789 -j DROP",
    )
    expect(told?.nodes).to.have.lengthOf(10)
  })
})
