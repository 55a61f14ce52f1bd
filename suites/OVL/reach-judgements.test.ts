import { expect } from 'chai'
import type { ProbeSeen } from '../../lib/observation/probe-seen.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { task, threeNodes } from '../three-nodes.fake.ts'
import { isolated } from './ovl-09-isolation.ts'
import { unpublishedPorts } from './ovl-10-unpublished-ports.ts'

const three = threeNodes()
const published = [{ protocol: 'tcp', publishedPort: 8080, targetPort: 80, mode: 'ingress' }] as const
const service = (name: string) => ({ ...three.services.web, name: `swp-${name}`, vips: {}, published: [] })
const island = { ...task('island', 'worker1', 9), endpoints: { 'swp-auto': endpoint('10.0.1.9') } }
const vaults = ['worker1', 'worker2'].map((home, index) => ({
  ...task('vault', home, 3 + index),
  endpoints: { 'swp-secret': endpoint(`10.91.2.${3 + index}`) },
}))
const facts = threeNodes({
  services: { ...three.services, rr: service('rr'), vault: service('vault') },
  tasks: [...three.tasks, island, ...vaults],
})

function endpoint(address: string) {
  return { address, mac: '02:42:0a:00:01:09', prefixLength: 24 }
}

type Protocol = ProbeSeen['kind']
const probe = (kind: Protocol, from: string, to: string, more: Partial<ProbeSeen> = {}): ProbeSeen => ({
  ...{ kind, from, fromNode: from.split('@')[1] ?? '', to, outcome: 'answered', elapsedMs: 4, attempts: [] },
  ...{
    replies: [''],
    replyBytes: [0],
    ...(kind === 'udp' && more.outcome === undefined ? { echoed: true } : {}),
    ...more,
  },
})
const silent = { outcome: 'timeout', replies: [], replyBytes: [] } as const

describe('judging isolation', () => {
  const protocols = ['icmp', 'udp', 'tcp'] as const
  const own = protocols.map((protocol) => ({
    ...{ what: 'own', from: 'island-worker1', to: 'island-worker1', network: 'auto', protocol },
    probe: probe(protocol, 'swp-island@worker1', '10.0.1.9', { replies: ['island-worker1'] }),
  }))
  const foreign = protocols.map((protocol) => ({
    ...{ what: 'foreign', from: 'web-worker2', to: 'island-worker1', network: 'auto', protocol },
    probe: probe(protocol, 'swp-web@worker2', '10.0.1.9', silent),
  }))
  const seen = (change: Partial<Record<Protocol, Partial<ProbeSeen>>>, controls: object[] = own) => ({
    isolation: {
      tried: [
        ...controls,
        ...foreign.map((one) => ({ ...one, probe: { ...one.probe, ...change[one.protocol] } })),
      ],
    },
    exchange: { exchanged: [], wires: {}, leftOut: [] },
  })

  it('passes when nothing is answered but by the targets themselves', () => {
    const judged = judge(isolated, seen({}), facts)
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.match(/^3 attempts to 1 tasks/)
    const stranger = { outcome: 'answered', replies: ['nginx'] } as const
    expect(outcomeOf(judge(isolated, seen({ tcp: stranger }), facts))).to.equal('pass')
  })

  it('fails for each that was reached, from where and at which address', () => {
    const reached = {
      udp: { outcome: 'answered', replies: [''], echoed: true },
      tcp: { outcome: 'answered', replies: ['island-worker1'] },
    } as const
    const { problems } = judge(isolated, seen(reached, []), facts)
    expect(problems.map(({ protocol }) => protocol)).to.deep.equal(['UDP', 'TCP'])
    expect(problems[0]).to.deep.equal({
      ...{ code: 'reached-without-network', kind: 'seen', network: 'swp-auto', protocol: 'UDP' },
      path: { from: 'worker2', to: 'worker1' },
      ends: { from: 'swp-web@worker2', to: 'swp-island@worker1' },
      address: '10.0.1.9',
    })
    expect(outcomeOf(judge(isolated, seen(reached, []), facts))).to.equal('fail')
  })

  it('says nothing for an echo alone, for deaf targets and for none', () => {
    const echo = judge(isolated, seen({ icmp: { outcome: 'answered' } }), facts)
    expect(outcomeOf(echo)).to.equal('inconclusive')
    expect(echo.unseen[0]?.nodes).to.deep.equal(['worker2'])
    const deaf = own.map((one) => ({ ...one, probe: { ...one.probe, ...silent } }))
    expect(outcomeOf(judge(isolated, seen({}, deaf), facts))).to.equal('inconclusive')
    const { exchange } = seen({})
    expect(outcomeOf(judge(isolated, { isolation: { tried: own }, exchange }, facts))).to.equal(
      'inconclusive',
    )
  })
})

describe('judging ports that are not published', () => {
  const request = (network: string, from: string, to: string, more: Partial<ProbeSeen> = {}) => ({
    ...{ network, from, to, protocol: 'tcp' },
    probe: probe('tcp', `swp-${from.replace('-', '@')}`, '10.91.1.5', { replies: [to], ...more }),
  })
  const toRr = request('clear', 'web-worker1', 'rr-manager')
  const toVault = request('secret', 'vault-worker1', 'vault-worker2')
  const exchange = (...exchanged: object[]) => ({ exchange: { exchanged, wires: {}, leftOut: [] } })

  it('passes for the requests across hosts between services of one network', () => {
    const local = request('clear', 'web-worker1', 'rr-worker1', silent)
    const echo = { ...request('clear', 'web-worker2', 'rr-manager', silent), protocol: 'icmp' }
    const judged = judge(unpublishedPorts, exchange(toRr, toVault, local, echo), facts)
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.match(/^2 requests .* of swp-rr and swp-vault, which/)
  })

  it('fails for a request that is lost or answered by another', () => {
    const lost = request('clear', 'web-worker2', 'rr-manager', silent)
    const { problems } = judge(unpublishedPorts, exchange(toRr, toVault, lost), facts)
    expect(problems).to.have.lengthOf(1)
    expect(problems[0]).to.deep.include({
      ...{ code: 'not-delivered', kind: 'missed', path: { from: 'worker2', to: 'manager' } },
      network: 'swp-clear',
    })
    const other = request('secret', 'vault-worker2', 'vault-worker1', { replies: ['nginx'] })
    expect(judge(unpublishedPorts, exchange(toRr, toVault, other), facts).problems[0]).to.deep.include({
      ...{ code: 'answered-by-another', kind: 'seen', observed: 'nginx', expected: 'vault-worker1' },
    })
  })

  it('says nothing of services that publish, and of one that nobody asked', () => {
    const services = { ...facts.services, rr: { ...facts.services.rr, published } }
    const lost = request('clear', 'web-worker2', 'rr-manager', silent)
    const judged = judge(unpublishedPorts, exchange(toRr, toVault, lost), { ...facts, services })
    expect(outcomeOf(judged)).to.equal('inconclusive')
    const half = judge(unpublishedPorts, exchange(toRr), facts)
    expect(outcomeOf(half)).to.equal('inconclusive')
    expect(half.unseen).to.have.lengthOf(1)
    const leftOut = [{ what: 'swp-secret', missing: { what: 'esp4', of: 'swarm', nodes: ['worker1'] } }]
    const without = { exchange: { exchanged: [toRr], wires: {}, leftOut } }
    expect(outcomeOf(judge(unpublishedPorts, without, facts))).to.equal('pass')
  })
})
