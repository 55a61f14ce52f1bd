import { expect } from 'chai'
import { judge, outcomeOf } from '../judged.fake.ts'
import { task, threeNodes } from '../three-nodes.fake.ts'
import { roundRobin } from './lb-01-round-robin.ts'
import { taskDies } from './lb-03-task-dies.ts'

const facts = threeNodes()
const probed = (node: string, replies: readonly string[]) => ({
  ...{ kind: 'tcp', from: `swp-rr@${node}`, fromNode: node, to: '10.91.1.2', port: 80, elapsedMs: 90 },
  ...{ outcome: 'answered', replies, replyBytes: [], attempts: replies.map(() => ({ outcome: 'answered' })) },
})
const inTurn = (rounds: number, ...names: string[]): string[] =>
  Array.from({ length: rounds }, () => names).flat()

describe('judging connections to a virtual IP', () => {
  const lines = (name: string): string => [1, 2, 3, 4, 5, 6].map((line) => `${name} ${line}`).join('\n')
  const seen = (changed: object = {}) => {
    const nodes = facts.nodes.map(({ name }) => name)
    const of = (replies: readonly string[]) =>
      nodes.map((node) => ({ client: `rr-${node}`, probe: probed(node, replies) }))
    return {
      fresh: of(inTurn(6, 'web-worker1', 'web-worker2')),
      kept: of([lines('web-worker1'), lines('web-worker2')]),
      ...changed,
    }
  }

  it('passes equal shares and connections that stay with their task', () => {
    const judged = judge(roundRobin, seen())
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.match(
      /^3 clients made 12 connections each; .* over 6 connections 6 requests/,
    )
  })

  it('blames the node of the client that misses a task, and never passes without a client', () => {
    const one = [{ client: 'rr-worker1', probe: probed('worker1', inTurn(12, 'web-worker1')) }]
    const judged = judge(roundRobin, seen({ fresh: one }))
    expect(judged.problems.map(({ code, node }) => `${code} ${node}`)).to.include(
      'task-not-balanced-to worker1',
    )
    expect(outcomeOf(judge(roundRobin, { fresh: [], kept: [] }))).to.equal('inconclusive')
  })
})

describe('judging the death of a task', () => {
  const [killed, stays, fresh] = [
    task('it', 'worker1', 20),
    task('it', 'worker2', 21),
    task('it', 'manager', 22),
  ]
  const clients = facts.nodes.map(({ name }) => `rr-${name}`)
  const round = (client: string, endedMs: number, failed: number, answers: readonly string[]) => {
    return { client, endedMs, answered: 3 - failed, failed, outcomes: failed > 0 ? ['timeout'] : [], answers }
  }
  const stage = {
    ...{ killed, replacement: fresh, replacedMs: 21_000, taskLooks: 5, tasks: [stays, fresh] },
    rounds: clients.flatMap((client) => [
      round(client, 4000, 2, ['it-worker2']),
      round(client, 21_000, 0, ['it-worker2', 'it-manager']),
    ]),
    final: facts.nodes.map(({ name }) => ({
      ...{ client: `rr-${name}`, probe: probed(name, inTurn(6, 'it-worker2', 'it-manager')) },
    })),
  }
  const changing = (crashed: object) => ({
    changing: { service: 'swp-it', network: 'swp-clear', vip: '10.91.1.30', clients, crashed },
  })

  it('passes when connections recovered and the new task takes its share', () => {
    const judged = judge(taskDies, changing({ got: stage }))
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.measures.map(({ value }) => value)).to.deep.equal([4, 21])
  })

  it('fails for a client whose balancer keeps the dead task', () => {
    const rounds = [...stage.rounds, round('rr-worker2', 60_100, 1, ['it-worker2'])]
    const judged = judge(taskDies, changing({ got: { ...stage, rounds, replacedMs: null, final: [] } }))
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems.map(({ code, node }) => `${code} ${node}`)).to.deep.equal([
      'connections-still-fail worker2',
      'replacement-not-reached worker2',
    ])
  })

  it('judges shares of chance where balancers choose at random, and a task that chance cannot have left out', () => {
    const of = (first: number, second: number) => ({
      ...{ ...stage, isRandom: true },
      final: facts.nodes.map(({ name }) => ({
        client: `rr-${name}`,
        probe: probed(name, [...inTurn(first, 'it-worker2'), ...inTurn(second, 'it-manager')]),
      })),
    })
    const outcome = (first: number, second: number): string =>
      outcomeOf(judge(taskDies, changing({ got: of(first, second) })))
    expect(outcome(17, 7)).to.equal('pass')
    expect(outcome(24, 0)).to.equal('fail')
    expect(outcomeOf(judge(taskDies, changing({ got: { ...of(17, 7), isRandom: undefined } })))).to.equal(
      'fail',
    )
  })

  it('is inconclusive where the stage could not be observed', () => {
    expect(outcomeOf(judge(taskDies, changing({ threw: 'process 7 is not task it any more' })))).to.equal(
      'inconclusive',
    )
  })
})
