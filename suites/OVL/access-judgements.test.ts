import { expect } from 'chai'
import type { ProbeSeen } from '../../lib/observation/probe-seen.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { task, threeNodes } from '../three-nodes.fake.ts'
import { sizeWarning } from './ovl-13-size-warning.ts'
import { placementHolds } from './ovl-15-placement.ts'
import { outsidersKeptOut } from './ovl-16-outsiders-kept-out.ts'

describe('OVL-13', () => {
  const large = { id: 'l1', name: 'swp-ovl13-large', subnet: '198.18.16.0/20', asked: '198.18.16.0/20' }
  const clear = { id: 'c1', name: 'swp-clear', subnet: '10.91.1.0/24' }
  const settling = { id: 's1', name: 'swp-auto', subnet: '' }
  const judged = (...networks: readonly object[]) => judge(sizeWarning, { large, networks })

  it('passes where the one made for comparison alone is larger than /24', () => {
    const good = judged(large, clear, settling)
    expect(outcomeOf(good)).to.equal('pass')
    expect(good.conclusion).to.match(/^2 overlays have at most 256 addresses each/)
  })

  it('names a larger one, as the manager lists it', () => {
    const other = { id: 'o1', name: 'theirs', subnet: '10.0.0.0/22' }
    expect(judged(large, clear, other).problems).to.deep.equal([
      {
        ...{ code: 'larger-than-recommended', kind: 'seen', node: 'manager', network: 'theirs' },
        ...{ subject: '10.0.0.0/22', expected: 256, observed: 1024 },
      },
    ])
  })

  it('proves nothing where it does not name the one made for comparison', () => {
    expect(outcomeOf(judged(clear))).to.equal('inconclusive')
  })
})

describe('OVL-15', () => {
  const three = threeNodes()
  const shop = (name: string, home: string, last: number) => ({
    ...task(name, home, last),
    endpoints: { 'swp-shop': { address: `10.0.3.${last}`, mac: '', prefixLength: 24 } },
  })
  const service = (name: string) => ({
    ...{ id: name, name: `swp-${name}`, endpointMode: 'vip' as const, vips: {}, published: [] },
  })
  const fronts = three.nodes.map(({ name }, index) => shop('front', name, index + 3))
  const facts = (home = 'manager', callers = fronts) =>
    threeNodes({
      services: { ...three.services, front: service('front'), back: service('back') },
      tasks: [...callers, shop('back', home, 9)],
    })
  type Change = (caller: string) => Partial<ProbeSeen>
  const observed = (home: string, from = fronts, more: Change = () => ({})) => ({
    callers: from.map(({ id }) => id),
    reached: from.flatMap((caller) =>
      (['icmp', 'tcp'] as const).map((protocol) => ({
        ...{ from: caller.id, to: `back-${home}`, protocol },
        probe: {
          ...{ kind: protocol, from: `swp-front@${caller.node}`, fromNode: caller.node, to: '10.0.3.9' },
          ...{ outcome: 'answered', elapsedMs: 3, attempts: [], replyBytes: [10] },
          ...{ replies: [protocol === 'tcp' ? `back-${home}` : ''], ...more(caller.node) },
        },
      })),
    ),
  })

  it('passes where the task is on a manager and answers every node', () => {
    expect(outcomeOf(judge(placementHolds, observed('manager'), facts()))).to.equal('pass')
  })

  it('names a task that is elsewhere, and nodes it does not answer', () => {
    const elsewhere = judge(placementHolds, observed('worker1'), facts('worker1'))
    expect(elsewhere.problems.map(({ code, node, observed }) => [code, node, observed])).to.deep.equal([
      ['placed-against-constraint', 'worker1', 'worker'],
    ])
    const cut = observed('manager', fronts, (caller) =>
      caller === 'worker2' ? { outcome: 'timeout', elapsedMs: 15_000, replies: [] } : {},
    )
    const bad = judge(placementHolds, cut, facts())
    expect(bad.problems.map(({ code, path, protocol }) => [code, path?.from, protocol])).to.deep.equal([
      ['not-delivered', 'worker2', 'ICMP'],
      ['not-delivered', 'worker2', 'TCP'],
    ])
  })

  it('is inconclusive where a node has no task to ask, or none is constrained', () => {
    const two = fronts.slice(0, 2)
    const partly = judge(placementHolds, observed('manager', two), facts('manager', two))
    expect(partly.unseen.map(({ nodes }) => nodes)).to.deep.equal([['worker2']])
    expect(outcomeOf(partly)).to.equal('inconclusive')
    const without = threeNodes({ services: facts().services, tasks: fronts })
    expect(outcomeOf(judge(placementHolds, { callers: [], reached: [] }, without))).to.equal('inconclusive')
  })
})

describe('OVL-16', () => {
  const refused = {
    accepted: false,
    words: 'docker: Error response from daemon: network swp-ovl16-open not found\n\nRun --help for more',
  }
  const accepted = { accepted: true, words: '' }
  const sound = {
    ...{ networks: ['bridge', 'host', 'none'], inspecting: refused, running: refused, control: accepted },
  }
  const judged = (changes: object = {}, more: object = {}) =>
    judge(outsidersKeptOut, {
      ...{ outsider: 'outside', swarmState: 'inactive', open: 'swp-ovl16-open', member: accepted },
      ...{ outside: { ...sound, ...changes }, ...more },
    })

  it('passes where the outsider knows and gets nothing', () => {
    expect(outcomeOf(judged())).to.equal('pass')
    expect(judged().conclusion).to.match(/refused swp-ovl16-open \("docker: Error response .* not found"\)/)
  })

  it('names what the outsider knows or gets, by its name', () => {
    const bad = judged({ networks: ['bridge', 'swp-ovl16-open', 'swp-clear'], running: accepted })
    expect(bad.problems.map(({ code, node, network }) => [code, node, network])).to.deep.equal([
      ['outsider-knows-network', 'outside', 'swp-ovl16-open'],
      ['outsider-knows-network', 'outside', 'swp-clear'],
      ['outsider-joined-network', 'outside', 'swp-ovl16-open'],
    ])
  })

  it('names a network that the outsider is shown', () => {
    const { problems } = judged({ inspecting: accepted })
    expect(problems.map(({ code, node, network }) => [code, node, network])).to.deep.equal([
      ['outsider-shown-network', 'outside', 'swp-ovl16-open'],
    ])
  })

  it('proves nothing where an engine runs no container at all', () => {
    expect(outcomeOf(judged({ control: refused }))).to.equal('inconclusive')
    expect(outcomeOf(judged({}, { member: refused }))).to.equal('inconclusive')
    // An engine of the swarm is no outsider, whatever it is let in to.
    const within = judged({ networks: ['swp-clear'] }, { swarmState: 'active' })
    expect(outcomeOf(within)).to.equal('inconclusive')
  })
})
