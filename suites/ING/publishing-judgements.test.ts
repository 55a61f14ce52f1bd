import { expect } from 'chai'
import { udpBesideTcp } from './ing-03-udp-beside-tcp.ts'
import { shortAndLong } from './ing-04-short-and-long.ts'
import { hostMode } from './ing-07-host-mode.ts'
import {
  codes,
  emptyTables,
  inet,
  facts,
  judge,
  kernelOf,
  outcomeOf,
  port,
  publishingSeen,
  service,
  table,
} from './ing.fake.ts'

describe('judging what a service publishes by both protocols and both syntaxes', () => {
  it('passes when all of it is answered', () => {
    expect(outcomeOf(judge(udpBesideTcp, publishingSeen()))).to.equal('pass')
    expect(outcomeOf(judge(shortAndLong, publishingSeen()))).to.equal('pass')
  })

  it('fails for UDP alone, by the node that does not answer', () => {
    const seen = publishingSeen(({ to, probe }) =>
      to === 'worker2' && probe.kind === 'udp' ? { outcome: 'timeout', elapsedMs: 15_000 } : {},
    )
    const { problems } = judge(udpBesideTcp, seen)
    expect(problems.map(({ path }) => path?.from)).to.deep.equal(['manager', 'worker1'])
    for (const problem of problems)
      expect(problem).to.deep.include({
        ...{ code: 'port-not-answered', node: 'worker2', protocol: 'UDP', port: 18081 },
        observed: '1 of 1 (no answer within 15.0 s)',
      })
    expect(outcomeOf(judge(shortAndLong, seen))).to.equal('pass')
  })

  it('fails for datagrams that came back otherwise', () => {
    const seen = publishingSeen(({ probe }) => (probe.kind === 'udp' ? { echoed: false } : {}))
    expect(new Set(codes(judge(udpBesideTcp, seen)))).to.deep.equal(new Set(['altered-on-the-way']))
  })

  it('names the port on which fewer tasks answer, and settings that differ', () => {
    const seen = publishingSeen(({ to, probe }) =>
      to === 'worker1' && probe.port === 18082 && probe.replies[0] === 'dual-worker2'
        ? { outcome: 'timeout', replies: [''] }
        : {},
    )
    expect(judge(shortAndLong, seen).problems).to.deep.equal([
      {
        ...{ code: 'task-not-reached-through-node', kind: 'missed', node: 'worker1', protocol: 'TCP' },
        ...{ path: { from: 'worker1', to: 'worker2' }, subject: 'swp-dual@worker2', port: 18082 },
        ...{ service: 'swp-dual', observed: '0 of 2 answers' },
      },
    ])
    const dual = service('dual', [port('tcp', 18081), port('tcp', 18082, { targetPort: 81 })])
    const other = { ...facts, services: { ...facts.services, dual } }
    expect(codes(judge(shortAndLong, publishingSeen(), other))).to.deep.equal(['publish-syntaxes-differ'])
  })

  it('says nothing where the service publishes otherwise or has no task', () => {
    const single = { ...facts, services: { ...facts.services, dual: service('dual', [port('tcp', 18081)]) } }
    const idle = { ...facts, tasks: facts.tasks.filter(({ service: name }) => name !== 'swp-dual') }
    for (const test of [udpBesideTcp, shortAndLong])
      for (const of of [single, idle])
        expect(outcomeOf(judge(test, publishingSeen(), of))).to.equal('inconclusive')
  })
})

describe('judging a port published in host mode', () => {
  const seen = (kernel = kernelOf(), published = publishingSeen()) => ({ ...published, kernel })

  it('passes when it answers where its task runs alone', () => {
    expect(outcomeOf(judge(hostMode, seen()))).to.equal('pass')
  })

  it('fails where it does not, and where another node relays it', () => {
    const blocked = publishingSeen(({ service: name, probe }) =>
      name === 'swp-here' && probe.outcome === 'answered' ? { outcome: 'timeout', replies: [''] } : {},
    )
    expect(judge(hostMode, seen(kernelOf(), blocked)).problems[0]).to.deep.include({
      ...{ code: 'port-not-answered', node: 'worker1', port: 18083 },
    })
    const relayed = publishingSeen(({ service: name, to }) =>
      name === 'swp-here' && to === 'worker2' ? { outcome: 'answered', replies: ['here-worker1'] } : {},
    )
    const judged = judge(hostMode, seen(kernelOf(), relayed))
    expect(new Set(codes(judged))).to.deep.equal(new Set(['host-port-answered-elsewhere']))
    expect(judged.problems[0]).to.deep.include({ kind: 'seen', node: 'worker2', observed: 'here-worker1' })
  })

  it('fails for its rules in the mesh, not for those of the other protocol', () => {
    const rule = (protocol: string) =>
      table(`-p ${protocol} -m ${protocol} --dport 18083 -j DNAT --to-destination 172.18.0.2:18083`)
    const inMesh = (protocol: string) => ({
      ...{ ...emptyTables, links: [inet('docker_gwbridge', '172.18.0.1')] },
      firewall: [table('-m addrtype --dst-type LOCAL -j DOCKER-INGRESS', 'PREROUTING'), rule(protocol)],
    })
    const kernel = (protocol: string) =>
      kernelOf((name) => (name === 'manager' ? { root: inMesh(protocol) } : {}))
    expect(judge(hostMode, seen(kernel('tcp'))).problems).to.deep.equal([
      {
        ...{ code: 'host-port-in-mesh', kind: 'seen', node: 'manager', protocol: 'TCP', port: 18083 },
        subject: `nat DOCKER-INGRESS: ${rule('tcp').rule}`,
      },
    ])
    expect(codes(judge(hostMode, seen(kernel('udp'))))).to.deep.equal([])
  })

  it('proves nothing by the silence of nodes on which the mesh is silent, too', () => {
    const silent = publishingSeen(({ service: name }) =>
      name === 'swp-dual' ? { outcome: 'timeout', replies: [''] } : {},
    )
    expect(outcomeOf(judge(hostMode, seen(kernelOf(), silent)))).to.equal('inconclusive')
  })
})
