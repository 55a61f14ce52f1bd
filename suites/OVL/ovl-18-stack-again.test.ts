import { expect } from 'chai'
import type { TaskFacts } from '../../lib/observation/facts.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { threeNodes } from '../three-nodes.fake.ts'
import type { Held } from './leftovers.ts'
import { stackAgain } from './ovl-18-stack-again.ts'
import { on, polled, probe } from './reshaped.fake.ts'

const service = 'swp-again-stack_shop'
const networks = { first: 'swp-again-stack_default', second: 'swp-again-stack_other' }
const nodes = ['manager', 'worker1', 'worker2']
const member = (hostname: string, endpoints: Record<string, string>): TaskFacts => ({
  ...{ ...on('worker1', endpoints, 'shop'), service, id: hostname, hostname },
})
const first = member('first', { [networks.first]: '10.0.6.3', ingress: '10.0.0.30' })
const moved = member('second', { [networks.second]: '10.0.7.3', ingress: '10.0.0.31' })
const look = (task: TaskFacts, body: (node: string) => string = () => task.hostname) => ({
  ...{ publishedPort: 30_000, task },
  looked: nodes.map((to, index) => {
    const from = nodes[(index + 1) % nodes.length] ?? ''
    return { what: 'port', from, to, probe: probe(from, '192.168.56.11', body(to), { port: 30_000 }) }
  }),
})
const trace = { kind: 'namespace', network: networks.first, subject: '1-defaultnet' } as const
const empty: Held = { traces: [], states: [], policies: [] }
const holding: Held = { ...empty, traces: [trace] }
const kernels = (change: Readonly<Record<string, object>> = {}) => ({
  ...Object.fromEntries(nodes.map((node) => [node, { got: empty }])),
  ...change,
})
const after = { polled: polled(look(first), look(moved)), listed: [networks.first, networks.second] }
const seen = (change: object = {}) => ({
  ...{
    service,
    networks,
    before: polled(
      look(first, () => ''),
      look(first),
    ),
  },
  old: { id: 'defaultnetidentifier', name: networks.first, subnet: '10.0.6.0/24', vni: 4110, macs: [] },
  ...{ held: { got: holding }, after: { got: after } },
  ...{ gone: { got: polled(kernels({ worker1: { got: holding } }), kernels()) }, ...change },
})
const codes = (change: object) =>
  judge(stackAgain, seen(change)).problems.map(({ code, node, network }) => [code, node, network])

describe('judging a stack that is deployed again', () => {
  it('passes with the time of each effect', () => {
    const judged = judge(stackAgain, seen())
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.measures.map(({ value }) => value)).to.deep.equal([1, 2, 2, 1, 2])
    expect(judged.conclusion).to.match(/ran on swp-again-stack_default after 1 s and answered on 3 nodes/)
  })

  it('fails for a task that is not where its version says', () => {
    const none = { ...first, endpoints: {} }
    expect(codes({ before: polled(look(none)) })).to.deep.equal([
      ['task-not-attached', 'worker1', networks.first],
    ])
    const both = { ...moved, endpoints: { ...first.endpoints, ...moved.endpoints } }
    expect(codes({ after: { got: { ...after, polled: polled(look(both)) } } })).to.deep.equal([
      ['task-still-attached', 'worker1', networks.first],
    ])
  })

  it('fails for a node that does not answer on the port, or by another', () => {
    const silent = look(moved, (node) => (node === 'worker2' ? '' : moved.hostname))
    expect(codes({ after: { got: { ...after, polled: polled(silent) } } })).to.deep.equal([
      ['port-not-answered', 'worker2', undefined],
    ])
    const former = look(moved, (node) => (node === 'manager' ? first.hostname : moved.hostname))
    expect(codes({ after: { got: { ...after, polled: polled(former) } } })).to.deep.equal([
      ['answered-by-another', 'manager', undefined],
    ])
    const none = { ...look(first), publishedPort: null, looked: [] }
    expect(codes({ before: polled(none) })).to.deep.equal([['published-port-missing', 'manager', undefined]])
  })

  it('fails for an old network that is gone too early, or left when it was removed', () => {
    const early = { after: { got: { ...after, listed: [networks.second] } } }
    expect(codes(early)).to.deep.equal([['former-network-gone', 'manager', networks.first]])
    expect(outcomeOf(judge(stackAgain, seen({ ...early, held: { got: empty } })))).to.equal('fail')
    const kept = { got: polled(kernels({ worker1: { got: holding } })) }
    expect(codes({ gone: kept })).to.deep.equal([['namespace-left', 'worker1', networks.first]])
  })

  it('says nothing where the kernel held nothing before, or a stage could not be seen', () => {
    const threw = { threw: 'the engine refused' }
    expect(outcomeOf(judge(stackAgain, seen({ held: { got: empty } })))).to.equal('inconclusive')
    for (const change of [{ held: threw }, { after: threw, gone: threw }, { gone: threw }])
      expect(outcomeOf(judge(stackAgain, seen(change)))).to.equal('inconclusive')
    const blind = { got: polled(kernels({ worker2: threw })) }
    expect(outcomeOf(judge(stackAgain, seen({ gone: blind })))).to.equal('inconclusive')
    const stuck = { after: { got: { ...after, polled: polled(look(first)) } }, gone: threw }
    expect(outcomeOf(judge(stackAgain, seen(stuck)))).to.equal('fail')
  })

  it('is skipped in a swarm without ingress', () => {
    const { ingress: _, ...others } = threeNodes().networks
    expect(outcomeOf(judge(stackAgain, null, threeNodes({ networks: others })))).to.equal('skip')
  })
})
