import { expect } from 'chai'
import { judge, outcomeOf } from '../judged.fake.ts'
import { asked, threeNodes } from '../three-nodes.fake.ts'
import { inheritsResolver } from './dsc-06-inherits-resolver.ts'

const facts = threeNodes()
describe('judging an inherited resolver', () => {
  const nodes = facts.nodes.map(({ name }) => name)
  const nameserver = '192.0.2.3'
  const wire = (node: string, destination = nameserver) => ({
    got: {
      ...{ node, interface: 'eth0', file: `captures/${node}-eth0.pcap`, passedOver: {} },
      frames: [
        {
          ...{ index: 3, at: 1, egress: true, digest: '00', matched: [node], wireBytes: 90 },
          ...{ outer: { source: '172.18.0.3', destination }, udp: { from: 40_000, to: 53 } },
        },
      ],
    },
  })
  const by = (who: 'task' | 'host', node: string, addresses: readonly string[]) => ({
    ...{ node, name: 'lab.example', by: who },
    probe: asked(who === 'task' ? `swp-rr@${node}` : node, addresses),
  })
  const each = <T>(of: (node: string) => T) => Object.fromEntries(nodes.map((node) => [node, of(node)]))
  const seen = (changes: { readonly wires?: object; readonly nameservers?: readonly string[] } = {}) => ({
    places: each((node) => ({
      got: {
        task: `swp-rr@${node}`,
        resolver: {
          ...{ nameservers: changes.nameservers ?? [nameserver], searchDomains: [] },
          from: '/etc/resolv.conf',
        },
      },
    })),
    forwarded: {
      ways: each(() => ({ got: { inside: 'eth1', outside: ['eth0'] } })),
      wires: { ...each((node) => wire(node)), ...changes.wires },
    },
    names: nodes.flatMap((node) => [by('task', node, ['192.0.2.7']), by('host', node, ['192.0.2.7'])]),
    hostsFile: [{ name: 'nas', inFileOfTask: false, probe: asked('swp-rr@worker1', [], 'NXDOMAIN') }],
  })

  it('passes where every task’s question went to a nameserver of its host', () => {
    const judged = judge(inheritsResolver, seen())
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.match(/^tasks on 3 nodes put .* \(192\.0\.2\.3\); 3 names .*; of 1 names/)
    expect(judged.packets['questions on their way']).to.have.lengthOf(3)
  })

  it('fails for one that went elsewhere, also where another node could not be recorded', () => {
    const wires = { worker1: wire('worker1', '198.51.100.1'), worker2: { blind: 'packets dropped' } }
    const judged = judge(inheritsResolver, seen({ wires }))
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems.map(({ code, node }) => `${code} ${node}`)).to.deep.equal([
      'question-forwarded-elsewhere worker1',
    ])
    expect(outcomeOf(judge(inheritsResolver, seen({ wires: { worker2: wires.worker2 } })))).to.equal(
      'inconclusive',
    )
  })

  it('proves nothing where no host has a nameserver', () => {
    expect(outcomeOf(judge(inheritsResolver, seen({ nameservers: [] })))).to.equal('inconclusive')
  })
})
