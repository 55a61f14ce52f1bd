import { expect } from 'chai'
import type { ProbeSeen } from '../../lib/observation/probe-seen.ts'
import { link } from '../host-states.fake.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { asked, task, threeNodes } from '../three-nodes.fake.ts'
import { twoOverlays } from './ovl-08-two-overlays.ts'
import { withoutOverlay } from './ovl-17-without-overlay.ts'

const three = threeNodes()
const on = (home: string, endpoints: Record<string, string>, name: string) => ({
  ...task(name, home, 8),
  endpoints: Object.fromEntries(
    Object.entries(endpoints).map(([network, address]) => [
      network,
      { address, mac: '02:42:0a:00:00:08', prefixLength: 24 },
    ]),
  ),
})
const both = on('worker1', { 'swp-clear': '10.91.1.8', 'swp-extra': '10.0.2.8' }, 'both')
const dual = on('worker2', { 'swp-extra': '10.0.2.5' }, 'dual')
const facts = threeNodes({ tasks: [...three.tasks, both, dual] })
const probe = (from: string, to: string, body: string, more: Partial<ProbeSeen> = {}): ProbeSeen => ({
  ...{ kind: 'tcp', from, fromNode: from.split('@')[1] ?? from, to, port: 80, elapsedMs: 1500 },
  ...{ outcome: body === '' ? 'timeout' : 'answered', attempts: [], replies: body === '' ? [] : [body] },
  ...{ replyBytes: [body.length], ...more },
})
const polled = (...looks: object[]) => ({
  ...{ reached: true, seconds: looks.length, withinSeconds: 90, failedLooks: 0 },
  looks: looks.map((seen, index) => ({ atSeconds: index + 1, seen })),
  last: looks.at(-1),
})
const own = { id: 'ownnetidentifier', name: 'swp-reshape-own', vni: 4120, encrypted: false, ingress: false }
const threw = { threw: 'the change takes effect: not one look within 90 s came to its end' }

describe('judging a service on two overlays', () => {
  const service = 'swp-reshape-moving'
  const moving = {
    ...on('worker1', { 'swp-reshape-own': '10.0.4.9', 'swp-extra': '10.0.2.9' }, 'moving'),
    service,
  }
  const onOwn = { ...moving, endpoints: { 'swp-reshape-own': moving.endpoints['swp-reshape-own'] } }
  const found = {
    what: 'name',
    from: dual.id,
    to: `tasks.${service}`,
    probe: asked('swp-dual@worker2', ['10.0.2.9']),
  }
  const answer = {
    what: 'http',
    from: dual.id,
    to: '10.0.2.9',
    probe: probe('swp-dual@worker2', '10.0.2.9', moving.hostname),
  }
  const gone = { ...found, to: service, probe: asked('swp-dual@worker2', [], 'NXDOMAIN') }
  const addressed = { ...own, subnet: '10.0.4.0/24', gateway: '10.0.4.1' }
  const reached = [
    {
      from: 'rr-worker2',
      to: both.id,
      network: 'clear',
      probe: probe('swp-rr@worker2', '10.91.1.8', both.hostname),
    },
    {
      from: dual.id,
      to: both.id,
      network: 'extra',
      probe: probe('swp-dual@worker2', '10.0.2.8', both.hostname),
    },
  ]
  const given = {
    ...{ options: [], own: addressed },
    polled: polled(
      { publishedPort: null, task: onOwn, looked: [] },
      { publishedPort: null, task: moving, looked: [answer, found] },
    ),
  }
  const taken = {
    ...{ options: [], former: moving, formerPort: null },
    polled: polled({ task: moving, looked: [found] }, { task: onOwn, looked: [gone] }),
  }
  const seen = (change: { asked?: unknown; given?: object; taken?: object } = {}) => ({
    asked: change.asked ?? reached,
    reshaped: {
      ...{ service, own: { ...own, subnet: '', gateway: '' }, bare: threw },
      given: change.given ?? { got: given },
      taken: change.taken ?? { got: taken },
    },
  })

  it('passes with the time of both changes', () => {
    const judged = judge(twoOverlays, seen(), facts)
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.measures.map(({ value }) => value)).to.deep.equal([2, 2])
    expect(judged.conclusion).to.match(
      /answered 2 requests over swp-clear and swp-extra; .* subnet 10\.0\.4\.0/,
    )
  })

  it('fails for a request to it that is lost or answered by another', () => {
    const [first, second] = reached
    const lost = [first, { ...second, probe: probe('swp-dual@worker2', '10.0.2.8', '') }]
    expect(judge(twoOverlays, seen({ asked: lost }), facts).problems).to.deep.equal([
      {
        ...{ code: 'not-delivered', kind: 'missed', path: { from: 'worker2', to: 'worker1' } },
        ...{ ends: { from: 'swp-dual@worker2', to: 'swp-both@worker1' }, network: 'swp-extra' },
        ...{ service: 'swp-both', protocol: 'TCP', address: '10.0.2.8', observed: 'no answer within 1.5 s' },
      },
    ])
    const other = [first, { ...second, probe: probe('swp-dual@worker2', '10.0.2.8', 'nginx') }]
    expect(judge(twoOverlays, seen({ asked: other }), facts).problems[0]).to.include({
      ...{ code: 'answered-by-another', kind: 'seen', observed: 'nginx' },
    })
  })

  it('fails for a task that is not on one of them, and says nothing where nobody could ask', () => {
    const { 'swp-clear': onClear } = both.endpoints
    const half = threeNodes({
      tasks: [...three.tasks, { ...both, endpoints: { 'swp-clear': onClear } as never }],
    })
    const judged = judge(twoOverlays, seen({ asked: reached.slice(0, 1) }), half)
    expect(judged.problems[0]).to.include({
      ...{ code: 'task-not-attached', kind: 'missed', node: 'worker1', network: 'swp-extra' },
    })
    expect(outcomeOf(judge(twoOverlays, seen({ asked: reached.slice(0, 1) }), facts))).to.equal(
      'inconclusive',
    )
  })

  it('fails for a network without a subnet, at the manager that states none', () => {
    const bare = { got: { ...given, own: { ...own, subnet: '', gateway: '10.0.4.1' } } }
    expect(judge(twoOverlays, seen({ given: bare }), facts).problems).to.deep.equal([
      {
        ...{ code: 'subnet-not-stated', kind: 'missed', node: 'manager' },
        ...{ network: 'swp-reshape-own', subject: 'subnet' },
      },
    ])
  })

  it('fails for a change that took no effect', () => {
    const stuck = { got: { ...given, polled: polled({ publishedPort: null, task: onOwn, looked: [] }) } }
    const late = judge(twoOverlays, seen({ given: stuck }), facts)
    expect(late.problems.map(({ code }) => code)).to.deep.equal(['task-not-attached'])
    expect(late.measures).to.have.lengthOf(1)
    const still = { got: { ...taken, polled: polled({ task: onOwn, looked: [{ ...found, to: service }] }) } }
    expect(judge(twoOverlays, seen({ taken: still }), facts).problems[0]).to.include({
      ...{ code: 'name-still-found', kind: 'seen', node: 'worker2', address: '10.0.2.9' },
    })
  })

  it('says nothing of a stage that could not be seen', () => {
    expect(outcomeOf(judge(twoOverlays, seen({ given: threw, taken: threw }), facts))).to.equal(
      'inconclusive',
    )
    expect(outcomeOf(judge(twoOverlays, seen({ taken: threw }), facts))).to.equal('inconclusive')
  })
})

describe('judging services without an overlay', () => {
  const veth = (name: string, ...addresses: string[]) => link(name, 1500, { kind: 'veth', addresses })
  const plain = (links: object[] | null = [veth('eth0', '172.17.0.2/16')]) => ({
    ...{ task: { ...on('worker1', {}, 'moving'), service: 'swp-reshape-moving' }, links },
    bridgeSubnet: '172.18.0.0/16',
  })
  const door = (...links: object[]) => ({
    ...{ task: on('worker2', { ingress: '10.0.0.9' }, 'door'), bridgeSubnet: '172.18.0.0/16' },
    links: links.length > 0 ? links : [onIngress, onBridge],
  })
  const onIngress = veth('eth0', '10.0.0.9/24')
  const onBridge = veth('eth1', '172.18.0.4/16')
  const tries = (attempt = '', control = both.hostname) => [
    {
      ...{ what: 'attempt', to: both.id, network: 'swp-clear', address: '10.91.1.8' },
      probe: probe('swp-reshape-moving@worker1', '10.91.1.8', attempt),
    },
    {
      ...{ what: 'control', to: both.id, network: 'docker_gwbridge', address: '172.18.0.3' },
      probe: probe('worker1', '172.18.0.3', control),
    },
  ]
  const seen = (change: object = {}) => ({
    reshaped: {
      ...{ service: 'swp-reshape-moving', own: { ...own, subnet: '', gateway: '' } },
      ...{ bare: { got: { plain: plain(), door: door(), tries: tries(), ...change } } },
      ...{ given: threw, taken: threw },
    },
  })
  const codes = (change: object) =>
    judge(withoutOverlay, seen(change), facts).problems.map(({ code, network }) => [code, network])

  it('passes for one on ingress and one on no network', () => {
    const judged = judge(withoutOverlay, seen(), facts)
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.match(/none of its 1 requests/)
  })

  it('fails for addresses of networks that were not asked for', () => {
    const { problems } = judge(
      withoutOverlay,
      seen({ plain: plain([veth('eth0', '10.0.0.7/24', '172.17.0.2/16')]) }),
      facts,
    )
    expect(problems).to.deep.equal([
      {
        ...{ code: 'address-without-attachment', kind: 'seen', node: 'worker1', network: 'ingress' },
        ...{ service: 'swp-reshape-moving', subject: 'swp-reshape-moving@worker1' },
        ...{ address: '10.0.0.7', observed: 'eth0' },
      },
    ])
    expect(codes({ door: door(onIngress, onBridge, veth('eth2', '10.0.2.9/24')) })).to.deep.equal([
      ['address-without-attachment', 'swp-extra'],
    ])
  })

  it('fails for the one that publishes where interfaces lack, are several, stray or have other addresses', () => {
    expect(codes({ door: door(onIngress) })).to.deep.equal([['gateway-interface-missing', 'docker_gwbridge']])
    expect(codes({ door: door(onBridge) })).to.deep.equal([['task-not-attached', 'ingress']])
    expect(codes({ door: door(onIngress, onBridge, veth('eth2', '172.18.0.5/16')) })).to.deep.equal([
      ['attached-several-times', 'docker_gwbridge'],
    ])
    expect(codes({ door: door(onIngress, onBridge, veth('eth2')) })).to.deep.equal([
      ['interface-without-network', undefined],
    ])
    expect(codes({ door: door(veth('eth0', '10.0.0.9/16'), onBridge) })).to.deep.equal([
      ['address-outside-subnet', 'ingress'],
    ])
    expect(codes({ door: door(veth('eth0', '10.0.0.8/24', '10.0.0.7/32'), onBridge) })).to.deep.equal([
      ['engine-states-otherwise', 'ingress'],
    ])
  })

  it('fails for one that reaches tasks, whatever its host does', () => {
    const judged = judge(withoutOverlay, seen({ tries: tries(both.hostname, '') }), facts)
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems[0]).to.deep.include({
      ...{ code: 'reached-without-network', kind: 'seen', node: 'worker1', network: 'swp-clear' },
      ends: { from: 'swp-reshape-moving@worker1', to: 'swp-both@worker1' },
    })
  })

  it('says nothing without an answer to the host, without a namespace and without a look', () => {
    const silent = { tries: tries('', '') }
    expect(outcomeOf(judge(withoutOverlay, seen(silent), facts))).to.equal('inconclusive')
    expect(outcomeOf(judge(withoutOverlay, seen({ ...silent, door: door(onBridge) }), facts))).to.equal(
      'fail',
    )
    expect(outcomeOf(judge(withoutOverlay, seen({ tries: [] }), facts))).to.equal('inconclusive')
    expect(outcomeOf(judge(withoutOverlay, seen({ plain: plain(null) }), facts))).to.equal('inconclusive')
    const unseen = { reshaped: { ...seen().reshaped, bare: threw } }
    expect(outcomeOf(judge(withoutOverlay, unseen, facts))).to.equal('inconclusive')
  })

  it('is skipped in a swarm without ingress', () => {
    const { ingress: _, ...networks } = facts.networks
    expect(outcomeOf(judge(withoutOverlay, seen({ door: null }), { ...facts, networks }))).to.equal('skip')
  })
})
