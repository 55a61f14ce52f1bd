import { expect } from 'chai'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { parseNftables } from '../../lib/observe/nftables.ts'
import { recorded } from '../../lib/observe/recorded/recorded.fake.ts'
import { everyNode } from './ing-01-every-node.ts'
import { allTasks } from './ing-02-all-tasks.ts'
import { unpublished } from './ing-06-unpublished.ts'
import { largeAnswers } from './ing-12-large-answers.ts'
import {
  codes,
  datagram,
  http,
  inTurn,
  judge,
  meshSeen,
  nodes,
  noIngress,
  outcomeOf,
  whole,
} from './ing.fake.ts'

describe('judging the mesh', () => {
  it('passes when every node answers, by all tasks, and nothing unpublished does', () => {
    for (const test of [everyNode, allTasks, unpublished])
      expect(outcomeOf(judge(test, whole))).to.equal('pass')
    const { conclusion } = judge(everyNode, whole)
    expect(conclusion).to.equal('36 connections to 3 nodes were answered, also by manager without a task')
  })

  it('fails for a node that does not answer others, with that node as the place', () => {
    const silent = meshSeen(({ from, to }, turn) => (to === 'worker1' && from !== to ? '' : inTurn(turn)))
    const judged = judge(everyNode, silent)
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems).to.deep.equal(
      ['manager', 'worker2'].map((from) => ({
        ...{ code: 'port-not-answered', kind: 'missed', node: 'worker1', path: { from, to: 'worker1' } },
        ...{ service: 'swp-web', protocol: 'TCP', address: '192.168.56.12', port: 18080 },
        observed: '4 of 4 (no answer within 5.0 s)',
      })),
    )
    expect(describeProblem(judged.problems[0] ?? expect.fail())).to.equal(
      'manager → worker1, swp-web, 192.168.56.12: requests to TCP port 18080 of worker1 were not answered: 4 of 4 (no answer within 5.0 s)',
    )
  })

  it('tells a client on the node itself from one outside', () => {
    const silent = meshSeen(({ from, to }, turn) => (to === 'worker1' && from === to ? '' : inTurn(turn)))
    const [problem, ...more] = judge(everyNode, silent).problems
    expect(more).to.deep.equal([])
    expect(problem).to.deep.include({ code: 'own-port-not-answered', node: 'worker1' })
    expect(problem?.path).to.equal(undefined)
  })

  it('fails for an answer of something else', () => {
    const other = meshSeen(({ to }, turn) => (to === 'manager' && turn === 3 ? 'nginx' : inTurn(turn)))
    const judged = judge(everyNode, other)
    expect(new Set(codes(judged))).to.deep.equal(new Set(['answered-by-another']))
    expect(judged.problems[0]).to.deep.include({ kind: 'seen', node: 'manager', observed: 'nginx' })
  })

  it('names the node through which a task is not reached, and the way to it', () => {
    const one = meshSeen(({ to }, turn) => (to === 'manager' ? 'web-worker1' : inTurn(turn)))
    expect(judge(allTasks, one).problems).to.deep.equal([
      {
        ...{ code: 'task-not-reached-through-node', kind: 'missed', node: 'manager' },
        ...{ path: { from: 'manager', to: 'worker2' }, subject: 'swp-web@worker2' },
        ...{ observed: '0 of 12 answers', service: 'swp-web', protocol: 'TCP', port: 18080 },
      },
    ])
  })

  it('tells a task that is not balanced to from one that chance left out, where the balancer chooses at random', () => {
    const nftables = parseNftables(recorded('nft-balancer', 'ruleset.json'))
    const state = { namespaces: { ingress_sbox: { ipvs: [], nftables } } }
    const kernel = Object.fromEntries(nodes.map((node) => [node, state]))
    const one = meshSeen(({ to }, turn) => (to === 'manager' ? 'web-worker1' : inTurn(turn)))
    const few = judge(allTasks, { ...one, kernel })
    expect(few.problems).to.deep.equal([])
    expect(few.unseen.flatMap(({ nodes: names }) => names)).to.deep.equal(['manager'])
    expect(outcomeOf(few)).to.equal('inconclusive')
    expect(outcomeOf(judge(allTasks, { ...whole, kernel }))).to.equal('pass')
    const twice = { mesh: { asked: [...one.mesh.asked, ...one.mesh.asked] } }
    expect(codes(judge(allTasks, { ...twice, kernel }))).to.deep.equal(['task-not-reached-through-node'])
  })

  it('fails when a task answers what is not published, and proves nothing when the mesh is silent', () => {
    const forwarded = { what: 'target port', ...http({ from: 'manager', to: 'worker2' }, 80, 'web-worker1') }
    const judged = judge(unpublished, { mesh: { asked: [...whole.mesh.asked, forwarded] } })
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems[0]).to.deep.include({
      ...{ node: 'worker2', path: { from: 'manager', to: 'worker2' }, address: '192.168.56.13', port: 80 },
      ...{ subject: 'target port', observed: 'swp-web@worker1' },
    })
    const silent = meshSeen(() => '')
    expect(outcomeOf(judge(unpublished, silent))).to.equal('inconclusive')
    const despite = judge(unpublished, { mesh: { asked: [...silent.mesh.asked, forwarded] } })
    expect(outcomeOf(despite)).to.equal('fail')
  })

  it('notes what else answers on a host and fails for a datagram to a port that is published for TCP', () => {
    const way = { from: 'manager', to: 'worker2' }
    const page = { what: 'target port', ...http(way, 80, '<html>') }
    expect(codes(judge(unpublished, { mesh: { asked: [...whole.mesh.asked, page] } }))).to.deep.equal([])
    const udp = { what: 'other protocol', ...datagram(way, 18080, 'answered') }
    expect(codes(judge(unpublished, { mesh: { asked: [...whole.mesh.asked, udp] } }))).to.have.lengthOf(1)
  })
})

describe('a swarm without ingress', () => {
  it('is skipped by name by whatever rests on it', () => {
    const silent = { mesh: { asked: [] }, publishing: { asked: [] }, kernel: {}, sizes: null }
    for (const test of [everyNode, allTasks, unpublished, largeAnswers])
      expect(outcomeOf(judge(test, silent, noIngress)), test.id).to.equal('skip')
  })
})
