import { expect } from 'chai'
import { judge, outcomeOf } from '../judged.fake.ts'
import { asked, threeNodes } from '../three-nodes.fake.ts'
import { twoOverlays } from './ovl-08-two-overlays.ts'
import { both, dual, facts, on, own, polled, probe, threw } from './reshaped.fake.ts'

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
      tasks: [...threeNodes().tasks, { ...both, endpoints: { 'swp-clear': onClear } as never }],
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
