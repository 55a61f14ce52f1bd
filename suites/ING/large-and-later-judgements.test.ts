import { expect } from 'chai'
import type { TaskFacts } from '../../lib/observation/facts.ts'
import { task } from '../three-nodes.fake.ts'
import { largeAnswers } from './ing-12-large-answers.ts'
import { publishedLater } from './ing-13-published-later.ts'
import { codes, http, judge, nodes, noIngress, outcomeOf } from './ing.fake.ts'

describe('judging large answers', () => {
  const fetched = (toNode: string, reply: object | null = { status: 200, bodyBytes: 1000 }, change = {}) => {
    const from = nodes[(nodes.indexOf(toNode) + 1) % nodes.length] ?? ''
    const { probe } = http({ from, to: toNode }, 18080, '')
    const attempt = { outcome: 'answered', startedMs: 0, elapsedMs: 9, ...change }
    const place = { by: 'ingress', to: toNode, toNode, network: 'ingress', service: 'swp-web' }
    return { ...place, probe: { ...probe, ...attempt, replies: [], attempts: [attempt], http: [reply] } }
  }
  const seen = (...downloads: object[]) => ({ sizes: { downloads } })

  it('passes when every byte arrived through every node', () => {
    const judged = judge(largeAnswers, seen(...nodes.map((node) => fetched(node))))
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.equal('3 answers of 1000 bytes arrived whole through 3 nodes')
    const some = judge(largeAnswers, seen(fetched('manager'), { ...fetched('worker1'), by: 'task' }))
    expect(outcomeOf(some)).to.equal('inconclusive')
    expect(some.unseen[0]?.nodes).to.deep.equal(['worker1', 'worker2'])
    expect(outcomeOf(judge(largeAnswers, { sizes: null }, noIngress))).to.equal('skip')
  })

  it('fails for an answer that was cut short, and for none', () => {
    const cut = [0, 1].map(() => fetched('worker1', { status: 200, bodyBytes: 400 }, { outcome: 'timeout' }))
    const { problems } = judge(largeAnswers, seen(fetched('manager'), ...cut, fetched('worker2', null)))
    expect(problems.map(({ code, path }) => ({ code, path }))).to.deep.equal([
      { code: 'transfer-not-whole', path: { from: 'worker2', to: 'worker1' } },
      { code: 'transfer-unanswered', path: { from: 'manager', to: 'worker2' } },
    ])
  })
})

describe('judging a port that is published later', () => {
  const moving: TaskFacts = { ...task('moving', 'worker1', 40), service: 'swp-reshape-moving' }
  const renewed: TaskFacts = { ...moving, id: 'renewed', hostname: 'renewed' }
  const ask = (body: (to: string) => string) =>
    nodes.map((to, index) => ({
      what: 'port',
      ...http({ from: nodes[(index + 1) % nodes.length] ?? '', to }, 30_000, body(to)),
    }))
  const look = (atSeconds: number, seen: object) => ({ atSeconds, seen })
  const polled = (...looks: ReturnType<typeof look>[]) => ({
    ...{ reached: true, seconds: looks.at(-1)?.atSeconds, withinSeconds: 90, failedLooks: 0, looks },
    last: looks.at(-1)?.seen,
  })
  const open = (body: (to: string) => string) => ({
    ...{ publishedPort: 30_000, task: moving, looked: ask(body) },
  })
  const closed = (body: (to: string) => string) => ({ task: renewed, looked: ask(body) })
  const given = polled(
    look(1, { ...open(() => ''), publishedPort: null }),
    look(
      4.2,
      open(() => moving.hostname),
    ),
  )
  const taken = polled(
    look(
      0.5,
      closed(() => moving.hostname),
    ),
    look(
      3.1,
      closed(() => ''),
    ),
  )
  const seen = (change: { given?: object; taken?: object } = {}) => ({
    reshaped: {
      service: 'swp-reshape-moving',
      given: { got: { options: [], polled: change.given ?? given } },
      taken: { got: { options: [], former: moving, formerPort: 30_000, polled: change.taken ?? taken } },
    },
  })

  it('passes with the time of each, when it answered everywhere and nowhere', () => {
    const judged = judge(publishedLater, seen())
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.measures.map(({ value }) => value)).to.deep.equal([4.2, 3.1])
  })

  it('fails for the node that does not answer in the last look', () => {
    const late = polled(
      look(
        90,
        open((to) => (to === 'worker2' ? '' : moving.hostname)),
      ),
    )
    const judged = judge(publishedLater, seen({ given: late }))
    expect(codes(judged)).to.deep.equal(['port-not-answered'])
    expect(judged.problems[0]).to.deep.include({ node: 'worker2', path: { from: 'manager', to: 'worker2' } })
    expect(judged.measures.map(({ value }) => value)).to.deep.equal([3.1])
  })

  it('fails without a port, and for a node that still answers by a task of the service', () => {
    const none = polled(look(90, { ...open(() => ''), publishedPort: null }))
    expect(codes(judge(publishedLater, seen({ given: none })))).to.deep.equal(['published-port-missing'])
    const still = polled(
      look(
        90,
        closed((to) => (to === 'manager' ? moving.hostname : 'nginx')),
      ),
    )
    const judged = judge(publishedLater, seen({ taken: still }))
    expect(judged.problems).to.have.lengthOf(1)
    expect(judged.problems[0]).to.deep.include({
      ...{ code: 'published-port-still-answered', kind: 'seen', node: 'manager' },
      observed: 'swp-reshape-moving@worker1',
    })
  })

  it('says nothing of a stage that could not be seen, and judges the other', () => {
    const threw = { threw: 'the change takes effect: not one look within 90 s came to its end' }
    const halves = { ...seen().reshaped, taken: threw }
    expect(outcomeOf(judge(publishedLater, { reshaped: halves }))).to.equal('inconclusive')
    expect(outcomeOf(judge(publishedLater, { reshaped: { ...halves, given: threw } }))).to.equal(
      'inconclusive',
    )
    expect(outcomeOf(judge(publishedLater, seen(), noIngress))).to.equal('skip')
  })
})
